-- The trunks that the gateways of a fleet share, and their basic operations; answers.lua comes before it.
--
--   records         hash  trunk -> JSON: its breaker, window, answer ratio: the attributes of TrunkRecord
--   turns           hash  trunk -> 'TURN SET': when its next turn is, and when that was set, in us of Redis' clock
--   gateways        hash  gateway -> JSON: epoch, expires_ms, calls (trunk -> number of its calls)
--
-- A record that cannot be read is set aside and deleted, and the script goes on as if there had been none. A gateway
-- that has lost its record in this way registers again with all its calls.
--
-- The rules are described in fleet/trunks/registry.py and the parts that it imports, which do the same in Python.

local RECORDS, TURNS, GATEWAYS = unpack(KEYS)
delete_wrong_types({'hash', 'hash', 'hash', 'hash'})

local NUMBER_MAX, CLOCK_STEP_MS = 1e15, 60000

local us = now_us()
local ms = math.floor(us / 1000)

local function digits(number)
  return string.format('%.0f', number)
end

-- Reading -----------------------------------------------------------------------------------------------------------

local function is_number(value)
  return type(value) == 'number' and value > -NUMBER_MAX and value < NUMBER_MAX
end

-- Tells whether all keys of a model are in a value, with values of the same types.
local function is_like(value, model)
  if type(model) == 'number' then return is_number(value) end
  if type(value) ~= type(model) then return false end
  if type(model) ~= 'table' then return true end
  for key, its in pairs(model) do
    if not is_like(value[key], its) then return false end
  end
  return true
end

-- Tells whether a value is a set of counts by name.
local function are_counts(value)
  if type(value) ~= 'table' then return false end
  for name, its in pairs(value) do
    if type(name) ~= 'string' or not is_number(its) or its < 0 then return false end
  end
  return true
end

-- Tells whether a table is a list of numbers.
local function is_list(values)
  local length = 0
  for _, value in pairs(values) do
    if not is_number(value) then return false end
    length = length + 1
  end
  return length == #values
end

-- Reads JSON that is like a model and passes a check; else sets it aside, deletes it, and returns nil.
local function read(key, name, kind, model, check)
  local text = redis.call('HGET', key, name)
  if not text then return nil end
  local is_json, value = pcall(cjson.decode, text)
  if is_json and is_like(value, model) and check(value) then return value end
  set_aside(kind, name, text)
  redis.call('HDEL', key, name)
end

-- Gateways ----------------------------------------------------------------------------------------------------------

local gateways

local function gateway_of(name)
  return read(GATEWAYS, name, 'gateway of trunks', {epoch = '', expires_ms = 0, calls = {}}, function(value)
    return are_counts(value.calls)
  end)
end

-- Returns the gateways whose counts have not lapsed. A time that is too far away was set before the clock was put back.
local function living()
  if not gateways then
    gateways = {}
    for _, name in ipairs(redis.call('HKEYS', GATEWAYS)) do
      local its = gateway_of(name)
      local lasts_ms = its and its.expires_ms - ms or 0
      if lasts_ms > 0 and lasts_ms <= CLOCK_STEP_MS then gateways[name] = its end
    end
  end
  return gateways
end

local function write_gateway(name, its)
  living()[name] = its
  redis.call('HSET', GATEWAYS, name, cjson.encode(its))
end

local function busy(trunk)
  local sum = 0
  for _, its in pairs(living()) do sum = sum + (its.calls[trunk] or 0) end
  return sum
end

local function count(name, trunk, by)
  local its = living()[name]
  local calls = math.max(0, (its.calls[trunk] or 0) + by)
  its.calls[trunk] = calls > 0 and calls or nil
  write_gateway(name, its)
end

-- Trunks ------------------------------------------------------------------------------------------------------------

local function fresh()
  return {
    dials = 0,
    config_ms = 0,
    format_ms = 0,
    breaker = {why = '', opened_dial = 0, next_probe_ms = 0, probe_ms = 0, faults = {}},
    window = {buckets = {}},
    ratio = {since_ms = 0, dialled = 0, answered = 0, long_dialled = 0, long_answered = 0, is_odd = false},
  }
end

local function is_sound(record)
  for number, counts in pairs(record.window.buckets) do
    if type(number) ~= 'string' or not string.match(number, '^%d+$') or not are_counts(counts) then return false end
  end
  return is_list(record.breaker.faults)
end

local records = {}

local function record_of(trunk)
  if not records[trunk] then records[trunk] = read(RECORDS, trunk, 'trunk', fresh(), is_sound) or fresh() end
  return records[trunk]
end

local function write_record(trunk)
  redis.call('HSET', RECORDS, trunk, cjson.encode(records[trunk]))
end

-- Pace --------------------------------------------------------------------------------------------------------------

local AHEAD_MAX_US, PUT_BACK_US = 60000000, 1000000

-- Returns the next turn, and when it was set; 0 and 0 without one.
local function turn_of(trunk)
  local text = redis.call('HGET', TURNS, trunk)
  if not text then return 0, 0 end
  local turn, set = string.match(text, '^(%d+) (%d+)$')
  if turn and #turn <= 16 and #set <= 16 then return tonumber(turn), tonumber(set) end
  set_aside('turn', trunk, text)
  redis.call('HDEL', TURNS, trunk)
  return 0, 0
end

-- Returns the time until the next turn; 0 if it was set before the clock was put back.
local function left(trunk)
  local turn, set = turn_of(trunk)
  return set - us > PUT_BACK_US and 0 or math.max(0, turn - us)
end

local function set_turn(trunk, wait)
  redis.call('HSET', TURNS, trunk, digits(us + wait) .. ' ' .. digits(us))
end

-- Returns the time until the next turn; nil if it is too long.
local function wait_of(trunk, spacing, longest, lead)
  local wait = left(trunk)
  if wait > math.max(AHEAD_MAX_US, longest) + spacing then wait = 0 end
  wait = math.max(wait, lead)
  return wait <= longest and wait or nil
end

local function take_turn(trunk, wait, spacing)
  set_turn(trunk, wait + spacing)
end

-- Gives no turn for so many microseconds.
local function hold(trunk, wait)
  set_turn(trunk, math.max(left(trunk), wait))
end

-- Window and answer ratio -------------------------------------------------------------------------------------------

local BUCKET_MS, BUCKETS, BLOCK_DIALS, BLOCK_MS, LONG_RUN_DIALS, ODD_SHARE = 3000, 10, 200, 60000, 20000, 3

local function is_in_window(number)
  local now = math.floor(ms / BUCKET_MS)
  return number and now - BUCKETS < number and number <= now
end

local function add(window, counts)
  for name in pairs(window.buckets) do
    if not is_in_window(tonumber(name)) then window.buckets[name] = nil end
  end
  local now = digits(math.floor(ms / BUCKET_MS))
  local bucket = window.buckets[now] or {}
  for name, by in pairs(counts) do bucket[name] = (bucket[name] or 0) + by end
  window.buckets[now] = bucket
end

local function totals_of(window)
  local totals = {}
  for number, counts in pairs(window.buckets) do
    if is_in_window(tonumber(number)) then
      for name, by in pairs(counts) do totals[name] = (totals[name] or 0) + by end
    end
  end
  return totals
end

local function count_dial(ratio)
  if ratio.dialled == 0 then ratio.since_ms = ms end
  ratio.dialled = ratio.dialled + 1
end

-- Counts a result; returns whether the ratio has just become odd.
local function count_result(ratio, answered)
  ratio.answered = ratio.answered + answered
  if ratio.dialled < BLOCK_DIALS or ms - ratio.since_ms < BLOCK_MS then return false end
  local was_odd = ratio.is_odd
  if ratio.long_dialled >= BLOCK_DIALS then
    ratio.is_odd = ODD_SHARE * ratio.answered * ratio.long_dialled < ratio.long_answered * ratio.dialled
  end
  ratio.long_dialled = ratio.long_dialled + ratio.dialled
  ratio.long_answered = ratio.long_answered + ratio.answered
  if ratio.long_dialled > LONG_RUN_DIALS then
    ratio.long_dialled = math.floor(ratio.long_dialled / 2)
    ratio.long_answered = math.floor(ratio.long_answered / 2)
  end
  ratio.dialled, ratio.answered = 0, 0
  return ratio.is_odd and not was_odd
end

local function sum(totals, names)
  local all = 0
  for _, name in ipairs(names) do all = all + (totals[name] or 0) end
  return all
end

-- The breaker -------------------------------------------------------------------------------------------------------

local FAULTS = {'strong', 'config'}
local ANSWERS = {good = true, neutral = true, ['wrong-number'] = true}
local RESULTS = {'good', 'neutral', 'wrong-number', 'weak', 'strong', 'config'}
local ROW, FAULTS_MIN, REST_MS, PROBE_MS, KEPT = 3, 5, 10000, 15000, 8

local function let(breaker)
  if breaker.why == '' then return 'yes' end
  local wait = breaker.next_probe_ms - ms
  return wait > 0 and wait <= CLOCK_STEP_MS and 'no' or 'probe'
end

local function is_in_row(breaker, dial)
  local failed = {}
  for _, number in ipairs(breaker.faults) do failed[number] = true end
  for first = dial - ROW + 1, dial do
    local all = true
    for step = 0, ROW - 1 do all = all and failed[first + step] end
    if all then return true end
  end
  return false
end

local function take_fault(record, dial, totals)
  local breaker = record.breaker
  if breaker.why ~= '' then
    if breaker.probe_ms ~= 0 and dial > breaker.opened_dial then
      breaker.next_probe_ms = math.min(breaker.next_probe_ms, ms + REST_MS)
      breaker.probe_ms = 0
    end
    return ''
  end
  if dial > 0 then
    table.insert(breaker.faults, dial)
    if #breaker.faults > KEPT then table.remove(breaker.faults, 1) end
  end
  local faults = sum(totals, FAULTS)
  if dial > 0 and is_in_row(breaker, dial) then
    breaker.why = 'row'
  elseif faults >= FAULTS_MIN and 2 * faults >= sum(totals, RESULTS) then
    breaker.why = 'share'
  else
    return ''
  end
  breaker.opened_dial, breaker.next_probe_ms, breaker.probe_ms, breaker.faults = record.dials, ms + REST_MS, 0, {}
  return 'opened'
end

local function take_result(record, health, dial, totals)
  local breaker = record.breaker
  if health == 'strong' or health == 'config' then return take_fault(record, dial, totals) end
  if ANSWERS[health] and breaker.why ~= '' and (dial == 0 or dial > breaker.opened_dial) then
    breaker.why, breaker.probe_ms, breaker.next_probe_ms, breaker.faults = '', 0, 0, {}
    return 'closed'
  end
  return ''
end
