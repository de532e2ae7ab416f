-- Lets the gateway that a lease of ours is on hold it, which does not know it yet; or says why we must register first.

local gateway, epoch, token = unpack(ARGV)

local word = stranger(gateway, epoch)
if word then return say(word) end

local holder, its_gateway = lease_of(token)
if holder == gateway and its_gateway ~= gateway and epoch_of(its_gateway) then
  move(token, its_gateway)
  redis.call('SADD', ENTRUSTED, token)
end
return say('ok')
