-- The beginning of the scripts for registered gateways. Their first arguments are GATEWAY and EPOCH. They answer
-- 'unknown' to a gateway that is not registered, or whose record cannot be read, and 'replaced' to one that is
-- registered with another epoch.

local gateway, epoch = unpack(ARGV, 1, 2)

local registered = redis.call('HGET', GATEWAYS, gateway)
if registered and not status_of(registered) then
  forget_gateway(gateway, registered)
  registered = nil
end
if not registered then return say('unknown') end
if epoch_of(gateway) ~= epoch then return say('replaced') end
