-- The choice of a pair of gateway and Asterisk, for the scripts that make one; and whether there may be one more call.

-- Reads the arguments from FIRST on: quotas, each a name and how many calls there may be on it. Gives them as a lease
-- has them, and the first on which there are as many.
local function asked_quotas(first)
  local names, reached = {}, nil
  for at = first, #ARGV, 2 do
    local name, limit = ARGV[at], tonumber(ARGV[at + 1])
    names[#names + 1] = name
    if not reached and tonumber(redis.call('HGET', QUOTAS, name) or 0) >= limit then reached = name end
  end
  return '[' .. table.concat(names, ',') .. ']', reached
end

-- Gives what those gateways say of themselves that live, by name; whoever asks does, and whoever leaves does not.
local function living(asking, leaving)
  local now, all, standings = now_ms(), redis.call('HGETALL', GATEWAYS), {}
  for at = 1, #all, 2 do
    local name = all[at]
    if name ~= leaving and (name == asking or tonumber(redis.call('ZSCORE', SIGNS, name)) > now) then
      standings[name] = standing(all[at + 1])
    end
  end
  return standings
end

-- Gives the names of the best pair, or nil: the fuller of its two nodes decides, then the other one, and among equals
-- the names. WANTED is an Asterisk's name, or empty; a call that IS_THERE needs no place on its Asterisk any more.
local function preferred(standings, wanted, is_there)
  local fuller, emptier, best_gateway, best_asterisk = math.huge, math.huge, nil, nil

  local function precedes(most, least, gateway, asterisk)
    if most ~= fuller then return most < fuller end
    if least ~= emptier then return least < emptier end
    if gateway ~= best_gateway then return gateway < best_gateway end
    return asterisk < best_asterisk
  end

  local function consider(gateway, here, asterisk, its)
    local there = used('asterisk:' .. asterisk)
    if its.healthy and not its.draining and (is_there or there < its.capacity) then
      there = there / its.capacity
      local most, least = math.max(here, there), math.min(here, there)
      if precedes(most, least, gateway, asterisk) then
        fuller, emptier, best_gateway, best_asterisk = most, least, gateway, asterisk
      end
    end
  end

  for gateway, its_own in pairs(standings) do
    local here = used('gateway:' .. gateway)
    if not its_own.draining and here < its_own.capacity then
      here = here / its_own.capacity
      if wanted == '' then
        for asterisk, its in pairs(its_own.asterisks) do consider(gateway, here, asterisk, its) end
      elseif its_own.asterisks[wanted] then
        consider(gateway, here, wanted, its_own.asterisks[wanted])
      end
    end
  end
  return best_gateway, best_asterisk
end

-- Finds heirs for leases, each counted before the next is chosen; gives the SIDs of the calls that have one, and
-- whether any has none. What is beyond MOST is left for the next time: Redis does nothing else meanwhile.
local function distribute(tokens, standings, most)
  local call_sids, has_none = {}, {}
  for _, token in ipairs(tokens) do
    if #call_sids == most then break end
    local _, _, asterisk, call_sid = lease_of(token)
    local heir = not has_none[asterisk] and preferred(standings, asterisk, true)
    if heir then
      move(token, heir)
      redis.call('HSET', HEIRS, token, heir)
      call_sids[#call_sids + 1] = call_sid
    else
      has_none[asterisk] = true
    end
  end
  return call_sids, next(has_none) ~= nil
end
