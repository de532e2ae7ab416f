-- Takes a heartbeat, and the calls of the gateway as JSON, or an empty text while it waits for answers. Removes the
-- gateways whose counts have lapsed, and the trunks that no call has wanted lately. Returns everything as JSON: now,
-- records, turns, gateways.

local keep_ms, calls = unpack(ARGV, 3)

local IDLE_MAX_MS = 7 * 86400000

local own = living()[gateway]
own.expires_ms = ms + keep_ms
if calls ~= '' then own.calls = cjson.decode(calls) end
write_gateway(gateway, own)
for _, name in ipairs(redis.call('HKEYS', GATEWAYS)) do
  if not living()[name] then redis.call('HDEL', GATEWAYS, name) end
end

-- Tells whether a call has wanted a trunk lately. A time that is far ahead is from before the clock was put back.
local function is_kept(trunk)
  local _, set = turn_of(trunk)
  local changed_ms = math.floor(set / 1000)
  for number in pairs(record_of(trunk).window.buckets) do
    changed_ms = math.max(changed_ms, BUCKET_MS * tonumber(number))
  end
  return math.abs(ms - changed_ms) <= IDLE_MAX_MS
end

for _, key in ipairs({RECORDS, TURNS}) do
  for _, trunk in ipairs(redis.call('HKEYS', key)) do
    if not is_kept(trunk) then
      redis.call('HDEL', RECORDS, trunk)
      redis.call('HDEL', TURNS, trunk)
    end
  end
end

return cjson.encode({
  digits(us),
  redis.call('HGETALL', RECORDS),
  redis.call('HGETALL', TURNS),
  redis.call('HGETALL', GATEWAYS),
})
