-- Removes a gateway and its counts.

redis.call('HDEL', GATEWAYS, gateway)
return say('ok')
