-- Takes a place for a call: 'taken GATEWAY ASTERISK', 'reached QUOTA' or 'full'. WANTED is an Asterisk's name or
-- empty; SCOPE is 'own' or 'any'. The name and limit of each quota follow.

local token, call_sid, wanted, scope = unpack(ARGV, 3)

local known, its_gateway, its_asterisk = lease_of(token)
if known then return say('taken', its_gateway, its_asterisk) end

local quotas, reached = read_quotas(7)
if reached then return say('reached', reached) end

local statuses
if scope == 'own' then
  statuses = {[gateway] = status_of(redis.call('HGET', GATEWAYS, gateway))}
else
  statuses = live(gateway)
end

local chosen, asterisk = preferred(statuses, wanted, false)
if not chosen then return say('full') end
enter(token, gateway, chosen, asterisk, call_sid, quotas)
return say('taken', chosen, asterisk)
