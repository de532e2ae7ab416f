-- Chooses the gateway that takes a call which waits at an Asterisk: 'taken GATEWAY CALL_SID [QUOTA,...]', or 'reached
-- QUOTA', or 'full', or why the gateway that asks must register first. PASSED_OVER is a gateway's name, or empty; quotas
-- and their limits follow.

local asking, epoch, token, call_sid, asterisk, passed_over = unpack(ARGV)

local word = stranger(asking, epoch)
if word then return say(word) end

local standings = living(asking, passed_over)
local known, its_gateway, _, its_call_sid, its_quotas = lease_of(token)
if known and standings[its_gateway] then
  learn(asking, token)
  return say('taken', its_gateway, its_call_sid, its_quotas)
end

local quotas, reached = asked_quotas(7)
if reached and not known then return say('reached', reached) end

local chosen = preferred(standings, asterisk, known ~= nil)
if not chosen then return say('full') end
if known then
  move(token, chosen)
else
  enter(token, chosen, chosen, asterisk, call_sid, quotas)
end
return say('taken', chosen, its_call_sid or call_sid, its_quotas or quotas)
