-- Gives a gateway a portion of its stream, in JSON: [the entry that it was given last, [[ID, [NAME, VALUE, ...]], ...]].
--
-- AFTER is '>' for new entries, else an entry after which those are told again that are pending. New entries are given
-- only to a gateway that knows which was the last one; for if it does not, somebody read in its name whose answer it
-- has not seen: an earlier process, or itself, by a request that was carried out late.

local gateway, known, after, count = unpack(ARGV)

local stream = stream_of(gateway)
local last, entries = delivered(stream), {}

if last ~= '' and (after ~= '>' or last == known) then
  local read = redis.call('XREADGROUP', 'GROUP', GROUP, GROUP, 'COUNT', count, 'STREAMS', stream, after)
  entries = read and read[1][2] or {}
  if after == '>' and #entries > 0 then last = entries[#entries][1] end
end

return cjson.encode({last, entries})
