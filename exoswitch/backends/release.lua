-- Gives a place back; a gateway that is not registered gave all of its places back already.

local gateway, epoch, token = unpack(ARGV)

if not stranger(gateway, epoch) then release(token) end
return say('ok')
