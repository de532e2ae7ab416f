-- The beginning of the scripts for registered gateways. Their first arguments are GATEWAY and EPOCH. They answer
-- 'unknown' to a gateway that is not registered, and 'replaced' to one that is registered with another epoch.

local gateway, epoch = unpack(ARGV, 1, 2)

if not epoch_of(gateway) then return say('unknown') end
if epoch_of(gateway) ~= epoch then return say('replaced') end
