-- Counts one more of NAME in the last minute, unless there are LIMIT already.
--
--   exoswitch:rates:NAME    sorted set  a time in µs, as the member and as its score
--
-- Arguments: NAME LIMIT WINDOW_US. Answer: 'ok' '1' (counted) or '0', the number that is counted, the time in µs until
-- the oldest one is forgotten. Times after now are of a clock that was put back, and are forgotten.

local key = KEYS[1] .. ARGV[1]
local limit, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local now = now_us()

local kind = redis.call('TYPE', key).ok
if kind ~= 'none' and kind ~= 'zset' then
  redis.call('DEL', key)
  set_aside('key', key, 'its type was ' .. kind)
end

local function text(time) return string.format('%.0f', time) end

redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - window))
redis.call('ZREMRANGEBYSCORE', key, '(' .. text(now), '+inf')
local count, counted = redis.call('ZCARD', key), '0'
if count < limit then
  local time = now
  while redis.call('ZADD', key, 'NX', text(now), text(time)) == 0 do time = time - 1 end
  count, counted = count + 1, '1'
end
redis.call('PEXPIRE', key, math.ceil(window / 1000))
local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or now
return say('ok', counted, count, text(oldest + window - now))
