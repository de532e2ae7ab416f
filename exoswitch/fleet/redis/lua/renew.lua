-- Takes a heartbeat and a status: 'ok ASTERISK USED ...' for each Asterisk of the status.

local status, silent_ms = unpack(ARGV, 3)

heartbeat(gateway, epoch, status, silent_ms)
local answer = {'ok'}
for asterisk in pairs(cjson.decode(status).asterisks) do
  answer[#answer + 1] = asterisk
  answer[#answer + 1] = used('asterisk:' .. asterisk)
end
return say(unpack(answer))
