-- Forgets a gateway that stops; what it does not know of yet falls to others.

local gateway, epoch = unpack(ARGV)

if not stranger(gateway, epoch) then
  distribute(unknown_to(gateway), living(nil, gateway))
  forget({gateway})
end
return say('ok')
