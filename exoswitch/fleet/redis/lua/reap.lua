-- Removes the gateways that have been dead for KEEP_MS, and returns their leases as a JSON list.

local keep_ms = unpack(ARGV)

return cjson.encode(remove(redis.call('ZRANGEBYSCORE', HEARTBEATS, '-inf', now_ms() - keep_ms)))
