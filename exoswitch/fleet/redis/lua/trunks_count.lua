-- Adds BY to the calls of a gateway on a trunk, without a limit.

local trunk, by = unpack(ARGV, 3)

count(gateway, trunk, tonumber(by))
return say('ok')
