-- Takes a sign of life: 'ok', and for each Asterisk of the record its name and how many places are taken on it.

local gateway, epoch, record, silent_ms = unpack(ARGV)

local word = stranger(gateway, epoch)
if word then return say(word) end

sign(gateway, epoch, record, silent_ms)
local answer = {'ok'}
for asterisk in pairs(cjson.decode(record).asterisks) do
  answer[#answer + 1] = asterisk
  answer[#answer + 1] = used('asterisk:' .. asterisk)
end
return say(unpack(answer))
