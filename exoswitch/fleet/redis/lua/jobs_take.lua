-- Returns a portion of a gateway's stream as JSON: [ID of the entry delivered last, [[ID, [NAME, VALUE, ...]], ...]].
--
-- AFTER is '>' for new entries, or an ID: then the pending entries after it are returned again. New entries are given
-- only to a gateway that knows the ID of the last one. A gateway that does not know it has missed an answer: an
-- earlier process read the entry, or a request of its own was carried out late.

local gateway, known, after, count = unpack(ARGV)

local stream = stream_of(gateway)
local last, entries = last_delivered(stream), {}

if last ~= '' and (after ~= '>' or last == known) then
  local read = redis.call('XREADGROUP', 'GROUP', GROUP, GROUP, 'COUNT', count, 'STREAMS', stream, after)
  entries = read and read[1][2] or {}
  if after == '>' and #entries > 0 then last = entries[#entries][1] end
end

return cjson.encode({last, entries})
