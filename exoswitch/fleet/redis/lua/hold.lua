-- Lets the gateway that a lease is on hold it: 'held [QUOTA,...]', or 'gone', or why this gateway must register first.

local gateway, epoch, token = unpack(ARGV)

local word = stranger(gateway, epoch)
if word then return say(word) end

local _, its_gateway, _, _, quotas = lease_of(token)
if its_gateway ~= gateway then return say('gone') end
learn(gateway, token)
move(token, gateway)
return say('held', quotas)
