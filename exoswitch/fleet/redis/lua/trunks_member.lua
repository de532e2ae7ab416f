-- The beginning of the trunk scripts for registered gateways. Their first arguments are GATEWAY and EPOCH. They answer
-- 'unknown' to a gateway that is not registered with this epoch, or whose counts have lapsed.

local gateway, epoch = unpack(ARGV, 1, 2)

if not living()[gateway] or living()[gateway].epoch ~= epoch then return say('unknown') end
