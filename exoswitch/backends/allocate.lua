-- Takes a place for a call: 'taken GATEWAY ASTERISK', or 'full', or why this gateway must register first.
-- WANTED is an Asterisk's name, or empty; SCOPE is 'own' or 'any'.

local holder, epoch, token, call_sid, wanted, scope = unpack(ARGV)

local word = stranger(holder, epoch)
if word then return say(word) end

local lease = redis.call('HGET', LEASES, token)
if lease then
  local _, gateway, asterisk = parts(lease)
  return say('taken', gateway, asterisk)
end

-- The fuller of a pair's two nodes decides, then the other one, and among equals the names.
local function precedes(one, other)
  for at = 1, 4 do
    if one[at] ~= other[at] then return one[at] < other[at] end
  end
end

local best

local function consider(gateway, its_own)
  local here = used('gateway:' .. gateway)
  if its_own.draining or here >= its_own.capacity then return end
  for asterisk, its in pairs(its_own.asterisks) do
    local there = used('asterisk:' .. asterisk)
    local is_open = its.healthy and not its.draining and (wanted == '' or wanted == asterisk)
    if is_open and there < its.capacity then
      local loads = {here / its_own.capacity, there / its.capacity}
      local pair = {math.max(unpack(loads)), math.min(unpack(loads)), gateway, asterisk}
      if not best or precedes(pair, best) then best = pair end
    end
  end
end

if scope == 'own' then
  consider(holder, standing(redis.call('HGET', GATEWAYS, holder)))
else
  local now, all = now_ms(), redis.call('HGETALL', GATEWAYS)
  for at = 1, #all, 2 do
    if all[at] == holder or tonumber(redis.call('ZSCORE', SIGNS, all[at])) > now then
      consider(all[at], standing(all[at + 1]))
    end
  end
end

if not best then return say('full') end
enter(token, holder, best[3], best[4], call_sid)
return say('taken', best[3], best[4])
