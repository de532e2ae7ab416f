-- Lists the leases that a gateway holds: 'ok TOKEN ...', or why it must register first. What it does not know
-- of yet is not among them.

local gateway, epoch = unpack(ARGV)

local word = stranger(gateway, epoch)
if word then return say(word) end

local is_unknown, answer = {}, {'ok'}
for _, token in ipairs(unknown_to(gateway)) do is_unknown[token] = true end
for _, token in ipairs(tokens_of(gateway)) do
  if lease_of(token) == gateway and not is_unknown[token] then answer[#answer + 1] = token end
end
return redis.status_reply(table.concat(answer, ' '))
