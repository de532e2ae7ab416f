-- Makes the gateway that a lease is a place on its holder: 'ok', 'unknown' or 'replaced'.

local holder, epoch, token = unpack(ARGV)

local refusal = refused(holder, epoch)
if refusal then return say(refusal) end

local known_holder, gateway = lease_of(token)
if known_holder == holder and gateway ~= holder and epoch_of(gateway) then
  move(token, gateway)
  redis.call('SADD', TRANSFERS, token)
end
return say('ok')
