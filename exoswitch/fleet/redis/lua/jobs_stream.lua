-- What all scripts for jobs begin with: each gateway has a stream, which is read through a consumer group that has one
-- consumer, the gateway. What it was given stays pending until it says that it is done with it.
--
-- KEYS[1] is what the names of all streams begin with; the gateway's part of the name is an argument.

local GROUP = 'gateway'

local function stream_of(gateway)
  return KEYS[1] .. gateway
end

-- The entry that was given to the gateway last; empty where nobody has sent it anything.
local function delivered(stream)
  if redis.call('EXISTS', stream) == 1 then
    local group = redis.call('XINFO', 'GROUPS', stream)[1] or {}
    for at = 1, #group, 2 do
      if group[at] == 'last-delivered-id' then return group[at + 1] end
    end
  end
  return ''
end
