-- Takes a place for a call: 'taken GATEWAY ASTERISK', 'reached QUOTA', 'full', 'unknown' or 'replaced'. WANTED is an
-- Asterisk's name or empty; SCOPE is 'own' or 'any'. The name and limit of each quota follow.

local holder, epoch, token, call_sid, wanted, scope = unpack(ARGV)

local refusal = refused(holder, epoch)
if refusal then return say(refusal) end

local known, its_gateway, its_asterisk = lease_of(token)
if known then return say('taken', its_gateway, its_asterisk) end

local quotas, reached = read_quotas(7)
if reached then return say('reached', reached) end

local statuses
if scope == 'own' then
  statuses = {[holder] = status_of(redis.call('HGET', GATEWAYS, holder))}
else
  statuses = live(holder)
end

local gateway, asterisk = preferred(statuses, wanted, false)
if not gateway then return say('full') end
enter(token, holder, gateway, asterisk, call_sid, quotas)
return say('taken', gateway, asterisk)
