-- Notes that a gateway knows the leases that it adopted: 'ok', 'unknown' or 'replaced'. The tokens follow.

local gateway, epoch = unpack(ARGV, 1, 2)

local refusal = refused(gateway, epoch)
if refusal then return say(refusal) end

for at = 3, #ARGV do acknowledge(gateway, ARGV[at]) end
return say('ok')
