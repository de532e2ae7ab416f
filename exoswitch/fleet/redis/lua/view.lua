-- Shows everything as it is at one moment: now, gateways, until when each lives, used, quotas, leases; as JSON.

return cjson.encode({
  now_ms(),
  redis.call('HGETALL', GATEWAYS),
  redis.call('ZRANGE', SIGNS, 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', USED),
  redis.call('HGETALL', QUOTAS),
  redis.call('HGETALL', LEASES),
})
