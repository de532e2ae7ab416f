-- Forgets a gateway that stops.

local gateway, epoch = unpack(ARGV)

if not stranger(gateway, epoch) then forget({gateway}) end
return say('ok')
