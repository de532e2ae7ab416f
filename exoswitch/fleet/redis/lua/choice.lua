-- The choice of a pair of gateway and Asterisk, and the check of quotas.

-- Reads the arguments from FIRST on: each quota's name and limit. Returns the quotas as a lease has them, and the
-- first quota that is reached, or nil.
local function read_quotas(first)
  local names, reached = {}, nil
  for at = first, #ARGV, 2 do
    local name, limit = ARGV[at], tonumber(ARGV[at + 1])
    names[#names + 1] = name
    if not reached and used_quota(name) >= limit then reached = name end
  end
  return '[' .. table.concat(names, ',') .. ']', reached
end

-- Returns the status of each live gateway by name. ASKING counts as live; EXCLUDED is left out. A record without a
-- status or a heartbeat is set aside.
local function live(asking, excluded)
  local now, all, statuses = now_ms(), redis.call('HGETALL', GATEWAYS), {}
  for at = 1, #all, 2 do
    local name, status, expires = all[at], status_of(all[at + 1]), expires_at(all[at])
    if not status or not string.match(name, '^%S+$') or (expires == 0 and name ~= asking) then
      forget_gateway(name, all[at + 1])
    elseif name ~= excluded and (name == asking or expires > now) then
      statuses[name] = status
    end
  end
  return statuses
end

-- Returns the names of the best pair, or nil. Pairs are ordered by the higher load of the two nodes, then by the
-- lower one, then by their names. WANTED is an Asterisk's name or empty. A call that IS_THERE needs no place on its
-- Asterisk.
local function preferred(statuses, wanted, is_there)
  local highest, lowest, best_gateway, best_asterisk = math.huge, math.huge, nil, nil

  local function precedes(high, low, gateway, asterisk)
    if high ~= highest then return high < highest end
    if low ~= lowest then return low < lowest end
    if gateway ~= best_gateway then return gateway < best_gateway end
    return asterisk < best_asterisk
  end

  local function consider(gateway, gateway_load, asterisk, status)
    local taken = used('asterisk:' .. asterisk)
    if status.healthy and not status.draining and (is_there or taken < status.capacity) then
      local asterisk_load = taken / status.capacity
      local high, low = math.max(gateway_load, asterisk_load), math.min(gateway_load, asterisk_load)
      if precedes(high, low, gateway, asterisk) then
        highest, lowest, best_gateway, best_asterisk = high, low, gateway, asterisk
      end
    end
  end

  for gateway, status in pairs(statuses) do
    local taken = used('gateway:' .. gateway)
    if not status.draining and taken < status.capacity then
      local load = taken / status.capacity
      if wanted == '' then
        for asterisk, its in pairs(status.asterisks) do consider(gateway, load, asterisk, its) end
      elseif status.asterisks[wanted] then
        consider(gateway, load, wanted, status.asterisks[wanted])
      end
    end
  end
  return best_gateway, best_asterisk
end

-- Assigns leases to other gateways, one after the other, each counted before the next. Returns the SIDs of the calls
-- that were assigned, and whether any was not. At most MOST are assigned: Redis is blocked meanwhile.
local function reassign(tokens, statuses, most)
  local call_sids, is_full = {}, {}
  for _, token in ipairs(tokens) do
    if #call_sids == most then break end
    local _, _, asterisk, call_sid = lease_of(token)
    local chosen = asterisk and not is_full[asterisk] and preferred(statuses, asterisk, true)
    if chosen then
      move(token, chosen)
      redis.call('HSET', ADOPTIONS, token, chosen)
      call_sids[#call_sids + 1] = call_sid
    elseif asterisk then
      is_full[asterisk] = true
    end
  end
  return call_sids, next(is_full) ~= nil
end
