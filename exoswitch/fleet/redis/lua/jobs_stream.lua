-- The beginning of all job scripts. Each gateway has a stream, read through a consumer group with one consumer: the
-- gateway. A delivered entry stays pending until the gateway has finished it.
--
-- KEYS[1] is the prefix of all stream names; the rest of the name is an argument.

local GROUP = 'gateway'

local function stream_of(gateway)
  return KEYS[1] .. gateway
end

-- Returns the ID of the entry that was delivered last; empty if the stream does not exist.
local function last_delivered(stream)
  if redis.call('EXISTS', stream) == 1 then
    local group = redis.call('XINFO', 'GROUPS', stream)[1] or {}
    for at = 1, #group, 2 do
      if group[at] == 'last-delivered-id' then return group[at + 1] end
    end
  end
  return ''
end
