-- Forgets the gateways whose last sign of life is too old, and tells what they held, as a list in JSON.

return cjson.encode(forget(redis.call('ZRANGEBYSCORE', SIGNS, '-inf', now_ms())))
