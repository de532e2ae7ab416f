-- The beginning of all job scripts. Each gateway has a stream, read through a consumer group with one consumer: the
-- gateway. A delivered entry stays pending until the gateway has finished it.
--
-- KEYS[1] is the prefix of all stream names; the rest of the name is an argument.

local GROUP = 'gateway'

-- Returns the name of a gateway's stream; deletes a key of another type.
local function stream_of(gateway)
  local stream = KEYS[1] .. gateway
  local kind = redis.call('TYPE', stream).ok
  if kind ~= 'none' and kind ~= 'stream' then redis.call('DEL', stream) end
  return stream
end

-- Returns the ID of the entry that was delivered last; empty if the stream does not exist.
local function last_delivered(stream)
  if redis.call('EXISTS', stream) == 0 then return '' end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local facts = {}
    for at = 1, #group, 2 do facts[group[at]] = group[at + 1] end
    if facts['name'] == GROUP then return facts['last-delivered-id'] end
  end
  redis.call('XGROUP', 'CREATE', stream, GROUP, '0')
  return '0-0'
end
