-- The choice of a pair of gateway and Asterisk, for the scripts that make one.

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

-- The fuller of a pair's two nodes decides, then the other one, and among equals the names.
local function precedes(one, other)
  for at = 1, 4 do
    if one[at] ~= other[at] then return one[at] < other[at] end
  end
end

-- Gives the names of the best pair, or nil. WANTED is an Asterisk's name, or empty; a call that IS_THERE needs no
-- place on its Asterisk any more.
local function preferred(standings, wanted, is_there)
  local best

  local function consider(gateway, here, asterisk, its)
    local there = used('asterisk:' .. asterisk)
    if its.healthy and not its.draining and (is_there or there < its.capacity) then
      there = there / its.capacity
      local pair = {math.max(here, there), math.min(here, there), gateway, asterisk}
      if not best or precedes(pair, best) then best = pair end
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
  if best then return best[3], best[4] end
end

-- Finds heirs for leases, each counted before the next is chosen; gives the SIDs of the calls that have one. What is
-- beyond MOST is left for the next time: Redis does nothing else meanwhile.
local function distribute(tokens, standings, most)
  local call_sids = {}
  for _, token in ipairs(tokens) do
    if #call_sids == most then break end
    local _, _, asterisk, call_sid = lease_of(token)
    local heir = preferred(standings, asterisk, true)
    if heir then
      move(token, heir)
      redis.call('HSET', HEIRS, token, heir)
      call_sids[#call_sids + 1] = call_sid
    end
  end
  return call_sids
end
