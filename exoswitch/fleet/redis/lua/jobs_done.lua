-- Removes entries that a gateway has finished.

local stream = stream_of(ARGV[1])
local entries = {unpack(ARGV, 2)}

if last_delivered(stream) ~= '' then redis.call('XACK', stream, GROUP, unpack(entries)) end
redis.call('XDEL', stream, unpack(entries))
return redis.status_reply('ok')
