-- Takes note that a gateway knows of the leases that fell to it, and that follow; or says why it must register first.

local gateway, epoch = unpack(ARGV, 1, 2)

local word = stranger(gateway, epoch)
if word then return say(word) end

for at = 3, #ARGV do learn(gateway, ARGV[at]) end
return say('ok')
