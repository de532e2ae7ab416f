-- Reassigns leases of a gateway to others: 'ok' and the SIDs of the calls that another gateway takes, or 'unknown' or
-- 'replaced'. The tokens follow.

local gateway, epoch = unpack(ARGV, 1, 2)

local refusal = refused(gateway, epoch)
if refusal then return say(refusal) end

local own = {}
for at = 3, #ARGV do
  if lease_of(ARGV[at]) == gateway then own[#own + 1] = ARGV[at] end
end
return say('ok', table.concat(reassign(own, live(nil, gateway)), ' '))
