-- Takes a channel and a turn for a call: 'taken PLACE WAIT DIAL PROBE NOW' or 'full'. LONGEST is in us; TRUNK, CHANNELS
-- and SPACING of each candidate follow, in order. PLACE is that of the candidate from 0 on, WAIT and NOW are in us,
-- PROBE is 1 or 0.

local longest = tonumber(ARGV[3])

local candidates, passing = {}, {}
for at = 4, #ARGV, 3 do
  local trunk = ARGV[at]
  local one = {
    place = #candidates,
    trunk = trunk,
    channels = tonumber(ARGV[at + 1]),
    spacing = tonumber(ARGV[at + 2]),
    let = let(record_of(trunk).breaker),
  }
  candidates[#candidates + 1] = one
  if one.let ~= 'no' then passing[#passing + 1] = one end
end

if #passing == 0 then
  for _, one in ipairs(candidates) do one.faults = sum(totals_of(record_of(one.trunk).window), FAULTS) end
  table.sort(candidates, function(a, b)
    if a.faults ~= b.faults then return a.faults < b.faults end
    return a.place < b.place
  end)
  passing = candidates
end

for _, one in ipairs(passing) do
  local wait = busy(one.trunk) < one.channels and wait_of(one.trunk, one.spacing, longest, 0)
  if wait then
    local record = record_of(one.trunk)
    take_turn(one.trunk, wait, one.spacing)
    record.dials = record.dials + 1
    add(record.window, {dialled = 1})
    count_dial(record.ratio)
    if one.let == 'probe' then
      record.breaker.probe_ms = math.floor((us + wait) / 1000)
      record.breaker.next_probe_ms = record.breaker.probe_ms + PROBE_MS
    end
    write_record(one.trunk)
    count(gateway, one.trunk, 1)
    return say('taken', one.place, digits(wait), record.dials, one.let == 'probe' and 1 or 0, digits(us))
  end
end
return say('full')
