-- Lists the leases that a gateway holds, except pending adoptions and transfers: 'ok TOKEN ...'.

local is_pending, answer = {}, {'ok'}
for _, token in ipairs(pending_of(gateway)) do is_pending[token] = true end
for _, token in ipairs(tokens_of(gateway)) do
  if lease_of(token) == gateway and not is_pending[token] then answer[#answer + 1] = token end
end
return redis.status_reply(table.concat(answer, ' '))
