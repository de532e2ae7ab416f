-- Takes a heartbeat, and the calls of the gateway as JSON, or an empty text while it waits for answers. Removes the
-- gateways whose counts have lapsed. Returns everything as JSON: now, records, turns, gateways.

local keep_ms, calls = unpack(ARGV, 3)

local own = living()[gateway]
own.expires_ms = ms + keep_ms
if calls ~= '' then own.calls = cjson.decode(calls) end
write_gateway(gateway, own)
for _, name in ipairs(redis.call('HKEYS', GATEWAYS)) do
  if not living()[name] then redis.call('HDEL', GATEWAYS, name) end
end
for _, trunk in ipairs(redis.call('HKEYS', RECORDS)) do record_of(trunk) end
for _, trunk in ipairs(redis.call('HKEYS', TURNS)) do left(trunk) end
return cjson.encode({
  digits(us),
  redis.call('HGETALL', RECORDS),
  redis.call('HGETALL', TURNS),
  redis.call('HGETALL', GATEWAYS),
})
