-- What all scripts begin with: the book that the gateways of a fleet share, and the few things that are done to it.
--
--   gateways  hash  gateway -> EPOCH JSON: its registration, and what it says of itself
--   signs     zset  gateway -> until when its last sign of life holds, in ms of Redis' own clock
--   leases    hash  token -> HOLDER GATEWAY ASTERISK CALL_SID
--   used      hash  gateway:NAME, asterisk:NAME -> how many leases are on it
--
-- The rules, and why they are so, are told in fleet.py, which does the same in Python. Answers are words in one line
-- (a status reply) or, if long, JSON: the client is slow with lists. An empty list in Lua's JSON is {}.

local GATEWAYS, SIGNS, LEASES, USED = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function say(...)
  return redis.status_reply(table.concat({...}, ' '))
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function epoch_of(gateway)
  return string.match(redis.call('HGET', GATEWAYS, gateway) or '', '^%S+')
end

-- Gives nil for a gateway that is registered under this epoch, and what to answer to any other.
local function stranger(gateway, epoch)
  local known = epoch_of(gateway)
  if not known then return 'unknown' end
  if known ~= epoch then return 'replaced' end
end

local function standing(record)
  return cjson.decode(string.match(record, ' (.*)'))
end

local function sign(gateway, epoch, record, lease_ms)
  redis.call('HSET', GATEWAYS, gateway, epoch .. ' ' .. record)
  redis.call('ZADD', SIGNS, now_ms() + lease_ms, gateway)
end

local function used(node)
  return tonumber(redis.call('HGET', USED, node) or 0)
end

local function count(gateway, asterisk, by)
  for _, node in ipairs({'gateway:' .. gateway, 'asterisk:' .. asterisk}) do
    if redis.call('HINCRBY', USED, node, by) == 0 then redis.call('HDEL', USED, node) end
  end
end

local function parts(lease)
  return string.match(lease, '^(%S+) (%S+) (%S+) (%S+)$')
end

local function enter(token, holder, gateway, asterisk, call_sid)
  local lease = table.concat({holder, gateway, asterisk, call_sid}, ' ')
  if redis.call('HSETNX', LEASES, token, lease) == 1 then count(gateway, asterisk, 1) end
end

local function release(token)
  local lease = redis.call('HGET', LEASES, token)
  if not lease then return end
  local _, gateway, asterisk = parts(lease)
  redis.call('HDEL', LEASES, token)
  count(gateway, asterisk, -1)
end

-- Forgets gateways and releases all that they held: token, gateway, asterisk, call_sid, and so on.
local function forget(names)
  local gone, freed = {}, {}
  for _, name in ipairs(names) do
    gone[name] = true
    redis.call('HDEL', GATEWAYS, name)
    redis.call('ZREM', SIGNS, name)
  end
  local leases = redis.call('HGETALL', LEASES)
  for at = 1, #leases, 2 do
    local holder, gateway, asterisk, call_sid = parts(leases[at + 1])
    if gone[holder] then
      release(leases[at])
      for _, part in ipairs({leases[at], gateway, asterisk, call_sid}) do freed[#freed + 1] = part end
    end
  end
  return freed
end
