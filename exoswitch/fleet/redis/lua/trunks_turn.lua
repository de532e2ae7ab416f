-- Takes another turn on a trunk for a dial that was late, not before LEAD us have passed: 'taken WAIT NOW' or 'full'.

local trunk, spacing, longest, lead = unpack(ARGV)

spacing = tonumber(spacing)
local wait = wait_of(trunk, spacing, tonumber(longest), tonumber(lead))
if not wait then return say('full') end
take_turn(trunk, wait, spacing)
return say('taken', digits(wait), digits(us))
