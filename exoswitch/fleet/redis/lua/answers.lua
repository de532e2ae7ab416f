-- The beginning of all fleet scripts: how they answer, and where they set records aside that cannot be read.
--
--   unreadable      hash  KIND NAME -> 'new TEXT' or 'told TEXT': records that could not be read; 100 at most
--
-- It is the last key of every script. Answers are words in one line (a status reply) or, if long, JSON: the client is
-- slow with lists. An empty list in Lua's JSON is {}.

local UNREADABLE = KEYS[#KEYS]
local SET_ASIDE_MAX, SET_ASIDE_S, TEXT_MAX = 100, 30 * 86400, 200

local function say(...)
  return redis.status_reply(table.concat({...}, ' '))
end

local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function now_ms()
  return math.floor(now_us() / 1000)
end

local function set_aside(kind, name, text)
  if redis.call('HLEN', UNREADABLE) < SET_ASIDE_MAX then
    redis.call('HSETNX', UNREADABLE, kind .. ' ' .. name, 'new ' .. string.sub(text, 1, TEXT_MAX))
    redis.call('EXPIRE', UNREADABLE, SET_ASIDE_S)
  end
end

-- Deletes keys of another type than the one in the same place of `types`; returns a set of them, and whether it has
-- any. The last key comes first: it is needed.
local function delete_wrong_types(types)
  local wrong, is_any = {}, false
  for at = #KEYS, 1, -1 do
    local kind = redis.call('TYPE', KEYS[at]).ok
    if kind ~= 'none' and kind ~= types[at] then
      redis.call('DEL', KEYS[at])
      set_aside('key', KEYS[at], 'its type was ' .. kind)
      wrong[KEYS[at]], is_any = true, true
    end
  end
  return wrong, is_any
end
