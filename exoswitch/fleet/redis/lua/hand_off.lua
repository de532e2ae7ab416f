-- Reassigns leases of a gateway to others: 'ok' and the SIDs of the calls that another gateway takes. Tokens follow.

local own = {}
for at = 3, #ARGV do
  if lease_of(ARGV[at]) == gateway then own[#own + 1] = ARGV[at] end
end
return say('ok', table.concat(reassign(own, live(nil, gateway)), ' '))
