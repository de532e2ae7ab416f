-- Releases a lease if this gateway holds it; else does nothing.

local gateway, token = unpack(ARGV)

if lease_of(token) == gateway then release(token) end
return say('ok')
