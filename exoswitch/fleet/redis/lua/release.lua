-- Gives a place back that a gateway holds; harmless where it does not or not any more, and however late.

local gateway, token = unpack(ARGV)

if lease_of(token) == gateway then release(token) end
return say('ok')
