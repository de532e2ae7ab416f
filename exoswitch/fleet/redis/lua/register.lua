-- Lets a gateway in, with the leases that follow, each as token, gateway, asterisk, call_sid, quotas: all of them that
-- nobody else holds by now. What it does not know of yet stays.
-- An epoch is INSTANCE:NUMBER. A registration that an instance sent before its last one comes too late.

local gateway, epoch, record, silent_ms = unpack(ARGV, 1, 4)

local function of_epoch(text)
  return string.match(text or '', '^(.*):(%d+)$')
end

local instance, number = of_epoch(epoch)
local known_instance, known_number = of_epoch(epoch_of(gateway))
if instance == known_instance and tonumber(number) < tonumber(known_number) then return say('late') end

local spared = {}
for _, token in ipairs(unknown_to(gateway)) do spared[token] = true end
free(gateway, spared, {})
sign(gateway, epoch, record, silent_ms)
for at = 5, #ARGV, 5 do enter(ARGV[at], gateway, unpack(ARGV, at + 1, at + 4)) end
return say('ok')
