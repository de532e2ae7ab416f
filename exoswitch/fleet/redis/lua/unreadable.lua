-- Returns the records that could not be read as a JSON list: KIND NAME, TEXT, ... WHICH is 'all', or 'new' for those
-- that no gateway has asked for yet.

local which = unpack(ARGV)

local all, answer = redis.call('HGETALL', UNREADABLE), {}
for at = 1, #all, 2 do
  local state, text = string.match(all[at + 1], '^(%S*) ?(.*)$')
  if which == 'all' or state == 'new' then
    answer[#answer + 1] = all[at]
    answer[#answer + 1] = text
  end
  if which == 'new' then redis.call('HSET', UNREADABLE, all[at], 'told ' .. text) end
end
return cjson.encode(answer)
