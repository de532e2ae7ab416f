-- Lists a gateway's pending adoptions: 'ok TOKEN ASTERISK CALL_SID [QUOTA,...] ...'. SCOPE 'all' first reassigns the
-- leases of dead gateways; 'own' does not. If no gateway can take a call, this is tried again after RETRY_MS.

local MOST = 200  -- takes Redis some ms

local scope, retry_ms = unpack(ARGV, 3)

-- Lists the gateways whose heartbeats have expired, and those that have leases but are not registered.
local function dead()
  local now, is_registered, names = now_ms(), {}, {}
  local heartbeats = redis.call('ZRANGE', HEARTBEATS, 0, -1, 'WITHSCORES')
  for at = 1, #heartbeats, 2 do
    is_registered[heartbeats[at]] = true
    if tonumber(heartbeats[at + 1]) <= now then names[#names + 1] = heartbeats[at] end
  end
  for _, node in ipairs(redis.call('HKEYS', USED)) do
    local name = string.match(node, '^gateway:(.*)')
    if name and not is_registered[name] then names[#names + 1] = name end
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

-- If this gateway's own heartbeat has expired, the others' may have expired for the same reason.
if expires_at(gateway) <= now_ms() then return say('ok') end

if scope == 'all' then
  local names = dead()
  local tokens = #names > 0 and redis.call('EXISTS', ADOPTION_PAUSE) == 0 and orphans(names) or {}
  if #tokens > 0 then
    local _, is_full = reassign(tokens, live(), MOST)
    if is_full and tonumber(retry_ms) > 0 then redis.call('SET', ADOPTION_PAUSE, '', 'PX', retry_ms) end
  end
end

local answer = {'ok'}
for _, token in ipairs(adoptions_of(gateway)) do
  local _, _, asterisk, call_sid, quotas = lease_of(token)
  if asterisk and string.match(token, '^%S+$') then
    for _, word in ipairs({token, asterisk, call_sid, quotas}) do answer[#answer + 1] = word end
  else
    end_pending(token)
  end
end
return redis.status_reply(table.concat(answer, ' '))
