-- Makes the gateway that a lease is a place on its holder: 'ok'.

local token = ARGV[3]
local holder, place = lease_of(token)
if holder == gateway and place ~= gateway and epoch_of(place) then
  move(token, place)
  redis.call('SADD', TRANSFERS, token)
end
return say('ok')
