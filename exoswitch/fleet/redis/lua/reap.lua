-- Forgets the gateways that have been dead for long, and tells what they held, as a list in JSON.

local keep_ms = unpack(ARGV)

return cjson.encode(forget(redis.call('ZRANGEBYSCORE', SIGNS, '-inf', now_ms() - keep_ms)))
