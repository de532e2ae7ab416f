-- What all scripts begin with: the book that the gateways of a fleet share, and the few things that are done to it.
--
--   gateways  hash  gateway -> EPOCH JSON: its registration, and what it says of itself
--   signs     zset  gateway -> until when its last sign of life holds, in ms of Redis' own clock
--   leases    hash  token -> HOLDER GATEWAY ASTERISK CALL_SID [QUOTA,...]
--   used      hash  gateway:NAME, asterisk:NAME -> how many leases are on it
--   quotas    hash  quota -> how many leases count on it; its name is percent-encoded wherever it stands
--   places    zset  HOLDER TOKEN and GATEWAY TOKEN of each lease, all with score 0: finds a gateway's leases
--   heirs     hash  token -> the gateway that the lease fell to, and that has not said that it knows
--   entrusted set   tokens of leases of which their holders will hear by other ways
--   pause             is there for a moment after no heir was found
--
-- The rules, and why they are so, are told in fleet.py, which does the same in Python. Answers are words in one line
-- (a status reply) or, if long, JSON: the client is slow with lists. An empty list in Lua's JSON is {}.

local GATEWAYS, SIGNS, LEASES, USED, QUOTAS, PLACES, HEIRS, ENTRUSTED, PAUSE = unpack(KEYS)

local function say(...)
  return redis.status_reply(table.concat({...}, ' '))
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Gateways ----------------------------------------------------------------------------------------------------------

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

local function sign(gateway, epoch, record, silent_ms)
  redis.call('HSET', GATEWAYS, gateway, epoch .. ' ' .. record)
  redis.call('ZADD', SIGNS, now_ms() + silent_ms, gateway)
end

-- Counts ------------------------------------------------------------------------------------------------------------

local counts = {}

local function used(node)
  if not counts[node] then counts[node] = tonumber(redis.call('HGET', USED, node) or 0) end
  return counts[node]
end

local function count(node, by)
  counts[node] = redis.call('HINCRBY', USED, node, by)
  if counts[node] == 0 then redis.call('HDEL', USED, node) end
end

local function count_quotas(quotas, by)
  for name in string.gmatch(quotas, '[^%[,%]]+') do
    if redis.call('HINCRBY', QUOTAS, name, by) == 0 then redis.call('HDEL', QUOTAS, name) end
  end
end

-- Leases ------------------------------------------------------------------------------------------------------------

local function lease_of(token)
  return string.match(redis.call('HGET', LEASES, token) or '', '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
end

-- Lists the leases that a gateway holds, and those that are on it.
local function tokens_of(gateway)
  local tokens = redis.call('ZRANGEBYLEX', PLACES, '[' .. gateway .. ' ', '(' .. gateway .. '!')
  for at, member in ipairs(tokens) do tokens[at] = string.sub(member, #gateway + 2) end
  return tokens
end

local function write(token, holder, gateway, asterisk, call_sid, quotas)
  redis.call('HSET', LEASES, token, table.concat({holder, gateway, asterisk, call_sid, quotas}, ' '))
  redis.call('ZADD', PLACES, 0, holder .. ' ' .. token)
  if gateway ~= holder then redis.call('ZADD', PLACES, 0, gateway .. ' ' .. token) end
end

local function enter(token, holder, gateway, asterisk, call_sid, quotas)
  if redis.call('HEXISTS', LEASES, token) == 1 then return end
  write(token, holder, gateway, asterisk, call_sid, quotas)
  count('gateway:' .. gateway, 1)
  count('asterisk:' .. asterisk, 1)
  count_quotas(quotas, 1)
end

local function forget_unknown(token)
  redis.call('HDEL', HEIRS, token)
  redis.call('SREM', ENTRUSTED, token)
end

-- Lets another gateway carry a call, or only hold its lease.
local function move(token, heir)
  local holder, gateway, asterisk, call_sid, quotas = lease_of(token)
  redis.call('ZREM', PLACES, holder .. ' ' .. token, gateway .. ' ' .. token)
  forget_unknown(token)
  write(token, heir, heir, asterisk, call_sid, quotas)
  if gateway ~= heir then
    count('gateway:' .. gateway, -1)
    count('gateway:' .. heir, 1)
  end
end

local function release(token)
  local holder, gateway, asterisk, _, quotas = lease_of(token)
  redis.call('HDEL', LEASES, token)
  forget_unknown(token)
  redis.call('ZREM', PLACES, holder .. ' ' .. token, gateway .. ' ' .. token)
  count('gateway:' .. gateway, -1)
  count('asterisk:' .. asterisk, -1)
  count_quotas(quotas, -1)
end

-- Takes note that a gateway knows of a lease that it holds.
local function learn(gateway, token)
  if lease_of(token) == gateway then forget_unknown(token) end
end

-- Lists the leases that fell to a gateway.
local function fallen_to(gateway)
  local tokens, all = {}, redis.call('HGETALL', HEIRS)
  for at = 1, #all, 2 do
    if all[at + 1] == gateway then tokens[#tokens + 1] = all[at] end
  end
  return tokens
end

-- Lists what a gateway holds without knowing it yet.
local function unknown_to(gateway)
  local tokens = fallen_to(gateway)
  for _, token in ipairs(redis.call('SMEMBERS', ENTRUSTED)) do
    if lease_of(token) == gateway then tokens[#tokens + 1] = token end
  end
  table.sort(tokens)
  return tokens
end

-- Releases all that a gateway holds, but for what is to be spared, and adds it to a list.
local function free(gateway, spared, freed)
  for _, token in ipairs(tokens_of(gateway)) do
    local holder, place, asterisk, call_sid, quotas = lease_of(token)
    if holder == gateway and not spared[token] then
      release(token)
      for _, part in ipairs({token, place, asterisk, call_sid, quotas}) do freed[#freed + 1] = part end
    end
  end
end

-- Forgets gateways and releases all that they held: token, gateway, asterisk, call_sid, quotas, and so on.
local function forget(names)
  local freed = {}
  for _, name in ipairs(names) do
    redis.call('HDEL', GATEWAYS, name)
    redis.call('ZREM', SIGNS, name)
    free(name, {}, freed)
  end
  return freed
end
