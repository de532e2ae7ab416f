-- Registers a gateway with the leases that follow, each as token, gateway, asterisk, call_sid, quotas. Leases that
-- another gateway holds stay there; pending adoptions and transfers stay.
-- An epoch is INSTANCE:NUMBER. A registration older than the instance's last one is ignored. A name belongs to one
-- instance as long as its heartbeats come: to another one the answer is 'taken INSTANCE'.

local gateway, epoch, status, silent_ms = unpack(ARGV, 1, 4)

local function parse(text)
  return string.match(text or '', '^(.*):(%d+)$')
end

local instance, number = parse(epoch)
local known_instance, known_number = parse(epoch_of(gateway))
if instance == known_instance and tonumber(number) < tonumber(known_number) then return say('late') end
if known_instance and instance ~= known_instance and expires_at(gateway) > now_ms() then
  return say('taken', known_instance)
end

local is_pending = {}
for _, token in ipairs(pending_of(gateway)) do is_pending[token] = true end
free(gateway, is_pending, {})
heartbeat(gateway, epoch, status, silent_ms)
for at = 5, #ARGV, 5 do enter(ARGV[at], gateway, unpack(ARGV, at + 1, at + 4)) end
return say('ok')
