-- Tells a gateway what fell to it: 'ok TOKEN ASTERISK CALL_SID [QUOTA,...] ...', or why it must register first. With
-- SCOPE 'all' that which the dead hold, and that which is on them, is distributed before; with 'own' it is not. Where a
-- call found no heir, the fleet looks for heirs again only after AGAIN_MS.

local MOST = 200  -- which take Redis some ms

local gateway, epoch, scope, again_ms = unpack(ARGV)

local word = stranger(gateway, epoch)
if word then return say(word) end

-- Lists the gateways that are dead, or that have leases on them but are not registered. Mostly there are none.
local function dead()
  local now, is_known, names = now_ms(), {}, {}
  local signs = redis.call('ZRANGE', SIGNS, 0, -1, 'WITHSCORES')
  for at = 1, #signs, 2 do
    is_known[signs[at]] = true
    if tonumber(signs[at + 1]) <= now then names[#names + 1] = signs[at] end
  end
  for _, node in ipairs(redis.call('HKEYS', USED)) do
    local name = string.match(node, '^gateway:(.*)')
    if name and not is_known[name] then names[#names + 1] = name end
  end
  return names
end

local function orphans(names)
  local tokens, is_listed = {}, {}
  for _, name in ipairs(names) do
    for _, token in ipairs(tokens_of(name)) do
      if not is_listed[token] then tokens[#tokens + 1] = token end
      is_listed[token] = true
    end
  end
  table.sort(tokens)
  return tokens
end

-- Nobody may have been heard for a while, where this gateway was not.
if tonumber(redis.call('ZSCORE', SIGNS, gateway)) <= now_ms() then return say('ok') end

if scope == 'all' then
  local names = dead()
  local tokens = #names > 0 and redis.call('EXISTS', PAUSE) == 0 and orphans(names) or {}
  if #tokens > 0 then
    local _, is_lacking = distribute(tokens, living(), MOST)
    if is_lacking and tonumber(again_ms) > 0 then redis.call('SET', PAUSE, '', 'PX', again_ms) end
  end
end

local answer = {'ok'}
for _, token in ipairs(fallen_to(gateway)) do
  local _, _, asterisk, call_sid, quotas = lease_of(token)
  for _, word in ipairs({token, asterisk, call_sid, quotas}) do answer[#answer + 1] = word end
end
return redis.status_reply(table.concat(answer, ' '))
