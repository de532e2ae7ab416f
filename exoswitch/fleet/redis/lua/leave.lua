-- Removes a gateway that stops; its pending adoptions and transfers are reassigned.

local gateway, epoch = unpack(ARGV)

if not refused(gateway, epoch) then
  reassign(pending_of(gateway), live(nil, gateway))
  remove({gateway})
end
return say('ok')
