-- Makes the gateway that a lease is a place on its holder: 'held [QUOTA,...]' or 'gone'.

local token = ARGV[3]
local _, its_gateway, _, _, quotas = lease_of(token)
if its_gateway ~= gateway then return say('gone') end
move(token, gateway)
return say('held', quotas)
