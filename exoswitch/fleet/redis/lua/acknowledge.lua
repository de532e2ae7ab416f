-- Notes that a gateway knows the leases that it adopted: 'ok'. The tokens follow.

for at = 3, #ARGV do acknowledge(gateway, ARGV[at]) end
return say('ok')
