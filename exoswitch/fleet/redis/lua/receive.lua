-- Chooses the gateway for a call that waits at an Asterisk: 'taken GATEWAY CALL_SID [QUOTA,...]', 'reached QUOTA'
-- or 'full'. EXCLUDED is a gateway's name or empty. The name and limit of each quota follow.

local token, call_sid, asterisk, excluded = unpack(ARGV, 3)

local statuses = live(gateway, excluded)
local known, its_gateway, _, its_call_sid, its_quotas = lease_of(token)
if known and statuses[its_gateway] then
  acknowledge(gateway, token)
  return say('taken', its_gateway, its_call_sid, its_quotas)
end

local quotas, reached = read_quotas(7)
if reached and not known then return say('reached', reached) end

local chosen = preferred(statuses, asterisk, known ~= nil)
if not chosen then return say('full') end
if known then
  move(token, chosen)
else
  enter(token, chosen, chosen, asterisk, call_sid, quotas)
end
return say('taken', chosen, its_call_sid or call_sid, its_quotas or quotas)
