-- Registers a gateway with its calls on each trunk, and the time until each trunk's next turn by its own count: JSON
-- of trunk -> number, and of trunk -> us. An epoch is INSTANCE:NUMBER. A registration older than the instance's last
-- one is ignored.

local gateway, epoch, keep_ms, calls, turns = unpack(ARGV)

local function parse(text)
  return string.match(text or '', '^(.*):(%d+)$')
end

local instance, number = parse(epoch)
local known_instance, known_number = parse((living()[gateway] or {}).epoch)
if instance == known_instance and tonumber(number) < tonumber(known_number) then return say('late') end

write_gateway(gateway, {epoch = epoch, expires_ms = ms + keep_ms, calls = cjson.decode(calls)})
for trunk, wait in pairs(cjson.decode(turns)) do hold(trunk, wait) end
return say('ok')
