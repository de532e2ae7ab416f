-- The registry that the gateways of a fleet share, and its basic operations; answers.lua comes before it.
--
--   gateways        hash  gateway -> EPOCH JSON: its registration and its status
--   heartbeats      zset  gateway -> when its last heartbeat expires, in ms of Redis' clock
--   leases          hash  token -> HOLDER GATEWAY ASTERISK CALL_SID [QUOTA,...]
--   used            hash  gateway:NAME, asterisk:NAME -> number of leases on it
--   quotas          hash  quota -> number of leases that count on it; quota names are percent-encoded everywhere
--   lease_index     zset  HOLDER TOKEN and GATEWAY TOKEN of each lease, score 0: finds a gateway's leases
--   adoptions       hash  token -> gateway that was given the lease and has not acknowledged it
--   transfers       set   tokens of leases whose new holders have not acknowledged them
--   adoption_pause        exists for a short time after an adoption that found no gateway
--
-- A record that cannot be read is set aside and deleted, and the script goes on. A gateway that has lost its
-- registration in this way registers again with all its leases.
--
-- The rules are described in fleet/registry.py, which does the same in Python.

local GATEWAYS, HEARTBEATS, LEASES, USED, QUOTAS, LEASE_INDEX, ADOPTIONS, TRANSFERS, ADOPTION_PAUSE = unpack(KEYS)
local TYPES = {'hash', 'zset', 'hash', 'hash', 'hash', 'zset', 'hash', 'set', 'string', 'hash'}

-- Gateways ----------------------------------------------------------------------------------------------------------

local function epoch_of(gateway)
  return string.match(redis.call('HGET', GATEWAYS, gateway) or '', '^%S+')
end

-- Returns when a gateway's last heartbeat expires; 0 if it has sent none.
local function expires_at(gateway)
  return tonumber(redis.call('ZSCORE', HEARTBEATS, gateway) or 0)
end

-- Returns the status in a gateway's record, or nil.
local function status_of(record)
  local is_json, status = pcall(cjson.decode, string.match(record, '^%S+ (.*)$') or '')
  if not is_json or type(status) ~= 'table' then return nil end
  if type(status.capacity) ~= 'number' or type(status.asterisks) ~= 'table' then return nil end
  for name, its in pairs(status.asterisks) do
    if type(name) ~= 'string' or not string.match(name, '^%S+$') then return nil end
    if type(its) ~= 'table' or type(its.capacity) ~= 'number' then return nil end
  end
  return status
end

local function forget_gateway(gateway, record)
  set_aside('gateway', gateway, record)
  redis.call('HDEL', GATEWAYS, gateway)
end

local function heartbeat(gateway, epoch, status, silent_ms)
  redis.call('HSET', GATEWAYS, gateway, epoch .. ' ' .. status)
  redis.call('ZADD', HEARTBEATS, now_ms() + silent_ms, gateway)
end

-- Counts ------------------------------------------------------------------------------------------------------------

local counts, rebuild = {}, nil

local function whole_number(key, name)
  return string.match(redis.call('HGET', key, name) or '0', '^%-?%d+$')
end

local function used(node)
  if not counts[node] then
    if not whole_number(USED, node) then rebuild() end
    counts[node] = tonumber(whole_number(USED, node))
  end
  return counts[node]
end

local function used_quota(name)
  if not whole_number(QUOTAS, name) then rebuild() end
  return tonumber(whole_number(QUOTAS, name))
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

-- Returns HOLDER, GATEWAY, ASTERISK, CALL_SID, QUOTAS, or nil.
local function parts_of(record)
  return string.match(record, '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
end

-- Returns the same of a token's lease, or nil.
local function lease_of(token)
  local record = redis.call('HGET', LEASES, token)
  if not record then return nil end
  if not parts_of(record) then
    rebuild()
    return nil
  end
  return parts_of(record)
end

-- Mends the counts on which a lease counts, before they are changed.
local function check_counts(gateway, asterisk, quotas)
  used('gateway:' .. gateway)
  used('asterisk:' .. asterisk)
  for name in string.gmatch(quotas, '[^%[,%]]+') do used_quota(name) end
end

-- Lists the leases that a gateway holds and the leases that are places on it.
local function tokens_of(gateway)
  local tokens = redis.call('ZRANGEBYLEX', LEASE_INDEX, '[' .. gateway .. ' ', '(' .. gateway .. '!')
  for at, member in ipairs(tokens) do tokens[at] = string.sub(member, #gateway + 2) end
  return tokens
end

local function write(token, holder, gateway, asterisk, call_sid, quotas)
  redis.call('HSET', LEASES, token, table.concat({holder, gateway, asterisk, call_sid, quotas}, ' '))
  redis.call('ZADD', LEASE_INDEX, 0, holder .. ' ' .. token)
  if gateway ~= holder then redis.call('ZADD', LEASE_INDEX, 0, gateway .. ' ' .. token) end
end

local function enter(token, holder, gateway, asterisk, call_sid, quotas)
  if lease_of(token) then return end
  check_counts(gateway, asterisk, quotas)
  write(token, holder, gateway, asterisk, call_sid, quotas)
  count('gateway:' .. gateway, 1)
  count('asterisk:' .. asterisk, 1)
  count_quotas(quotas, 1)
end

local function end_pending(token)
  redis.call('HDEL', ADOPTIONS, token)
  redis.call('SREM', TRANSFERS, token)
end

-- Makes a gateway the holder of a lease, and the lease a place on it.
local function move(token, to)
  local holder, gateway, asterisk, call_sid, quotas = lease_of(token)
  if not holder then return end
  check_counts(gateway, asterisk, quotas)
  used('gateway:' .. to)
  redis.call('ZREM', LEASE_INDEX, holder .. ' ' .. token, gateway .. ' ' .. token)
  end_pending(token)
  write(token, to, to, asterisk, call_sid, quotas)
  if gateway ~= to then
    count('gateway:' .. gateway, -1)
    count('gateway:' .. to, 1)
  end
end

local function release(token)
  local holder, gateway, asterisk, _, quotas = lease_of(token)
  if not holder then return end
  check_counts(gateway, asterisk, quotas)
  redis.call('HDEL', LEASES, token)
  end_pending(token)
  redis.call('ZREM', LEASE_INDEX, holder .. ' ' .. token, gateway .. ' ' .. token)
  count('gateway:' .. gateway, -1)
  count('asterisk:' .. asterisk, -1)
  count_quotas(quotas, -1)
end

-- Notes that a gateway knows a lease that it holds.
local function acknowledge(gateway, token)
  if lease_of(token) == gateway then end_pending(token) end
end

local function adoptions_of(gateway)
  local tokens, all = {}, redis.call('HGETALL', ADOPTIONS)
  for at = 1, #all, 2 do
    if all[at + 1] == gateway then tokens[#tokens + 1] = all[at] end
  end
  return tokens
end

-- Lists the pending adoptions and transfers of a gateway.
local function pending_of(gateway)
  local tokens = adoptions_of(gateway)
  for _, token in ipairs(redis.call('SMEMBERS', TRANSFERS)) do
    if lease_of(token) == gateway then tokens[#tokens + 1] = token end
  end
  table.sort(tokens)
  return tokens
end

-- Releases all leases that a gateway holds, except those in `kept`, and appends them to `freed`.
local function free(gateway, kept, freed)
  for _, token in ipairs(tokens_of(gateway)) do
    local holder, place, asterisk, call_sid, quotas = lease_of(token)
    if not holder then redis.call('ZREM', LEASE_INDEX, gateway .. ' ' .. token) end
    if holder == gateway and not kept[token] then
      release(token)
      for _, part in ipairs({token, place, asterisk, call_sid, quotas}) do freed[#freed + 1] = part end
    end
  end
end

-- Removes gateways and their leases; returns token, gateway, asterisk, call_sid, quotas of each lease in one list.
local function remove(names)
  local freed = {}
  for _, name in ipairs(names) do
    redis.call('HDEL', GATEWAYS, name)
    redis.call('ZREM', HEARTBEATS, name)
    free(name, {}, freed)
  end
  return freed
end

-- Mending -----------------------------------------------------------------------------------------------------------

-- Makes all counts and the index again from the leases; sets aside the leases that cannot be read.
rebuild = function()
  redis.call('DEL', USED, QUOTAS, LEASE_INDEX)
  counts = {}
  local all = redis.call('HGETALL', LEASES)
  for at = 1, #all, 2 do
    local token, record = all[at], all[at + 1]
    local holder, gateway, asterisk, call_sid, quotas = parts_of(record)
    if holder then
      write(token, holder, gateway, asterisk, call_sid, quotas)
      count('gateway:' .. gateway, 1)
      count('asterisk:' .. asterisk, 1)
      count_quotas(quotas, 1)
    else
      set_aside('lease', token, record)
      redis.call('HDEL', LEASES, token)
      end_pending(token)
    end
  end
end

-- Deletes keys of a wrong type, and what does not make sense without them.
do
  local wrong, is_any = delete_wrong_types(TYPES)
  if wrong[LEASES] then redis.call('DEL', GATEWAYS, ADOPTIONS, TRANSFERS) end
  if is_any then rebuild() end
end
