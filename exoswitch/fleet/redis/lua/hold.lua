-- Makes the gateway that a lease is a place on its holder: 'held [QUOTA,...]', 'gone', 'unknown' or 'replaced'.

local gateway, epoch, token = unpack(ARGV)

local refusal = refused(gateway, epoch)
if refusal then return say(refusal) end

local _, its_gateway, _, _, quotas = lease_of(token)
if its_gateway ~= gateway then return say('gone') end
move(token, gateway)
return say('held', quotas)
