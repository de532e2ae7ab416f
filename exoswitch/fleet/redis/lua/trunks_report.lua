-- Takes what became of a dial: 'ok EVENT ...', see TrunkRecord.report. HEALTH may be empty. COUNTS are the result's
-- part of the window's counts as JSON, and ANSWERED is 1 or 0.

local trunk, health, dial, answered, counts = unpack(ARGV)

local ALARM_MS, WRONG_NUMBERS_MIN, WRONG_NUMBERS_SHARE = 300000, 5, 5

local record = record_of(trunk)
local events = {'ok'}

local function tell(event)
  if event ~= '' then events[#events + 1] = event end
end

-- Notes that an alarm was raised, and tells it unless it stands.
local function raise(key, event)
  local since = ms - record[key]
  if since < 0 or since >= ALARM_MS or record[key] <= 0 then tell(event) end
  record[key] = ms
end

add(record.window, cjson.decode(counts))
local is_odd_now = count_result(record.ratio, tonumber(answered))
if health ~= '' then
  local totals = totals_of(record.window)
  tell(take_result(record, health, tonumber(dial), totals))
  if health == 'config' then raise('config_ms', 'config') end
  local wrong = totals['wrong-number'] or 0
  local is_format = wrong >= WRONG_NUMBERS_MIN and WRONG_NUMBERS_SHARE * wrong > sum(totals, RESULTS)
  if health == 'wrong-number' and is_format then raise('format_ms', 'format') end
end
if is_odd_now then tell('answer-ratio') end
write_record(trunk)
return say(unpack(events))
