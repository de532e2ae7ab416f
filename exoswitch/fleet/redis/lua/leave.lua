-- Removes a gateway that stops; its pending adoptions and transfers are reassigned.

reassign(pending_of(gateway), live(nil, gateway))
remove({gateway})
return say('ok')
