-- Takes a place for a call: 'taken GATEWAY ASTERISK', or 'reached QUOTA', or 'full', or why this gateway must register
-- first. WANTED is an Asterisk's name, or empty; SCOPE is 'own' or 'any'; quotas and their limits follow.

local holder, epoch, token, call_sid, wanted, scope = unpack(ARGV)

local word = stranger(holder, epoch)
if word then return say(word) end

local known, its_gateway, its_asterisk = lease_of(token)
if known then return say('taken', its_gateway, its_asterisk) end

local quotas, reached = asked_quotas(7)
if reached then return say('reached', reached) end

local standings
if scope == 'own' then
  standings = {[holder] = standing(redis.call('HGET', GATEWAYS, holder))}
else
  standings = living(holder)
end

local gateway, asterisk = preferred(standings, wanted, false)
if not gateway then return say('full') end
enter(token, holder, gateway, asterisk, call_sid, quotas)
return say('taken', gateway, asterisk)
