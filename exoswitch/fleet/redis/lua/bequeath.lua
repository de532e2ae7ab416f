-- Lets those leases of a gateway that follow fall to others: 'ok', and the SIDs of the calls that found an heir; or
-- why this gateway must register first.

local gateway, epoch = unpack(ARGV, 1, 2)

local word = stranger(gateway, epoch)
if word then return say(word) end

local own = {}
for at = 3, #ARGV do
  if lease_of(ARGV[at]) == gateway then own[#own + 1] = ARGV[at] end
end
return say('ok', table.concat(distribute(own, living(nil, gateway)), ' '))
