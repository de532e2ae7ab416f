-- Returns everything at one moment as JSON: now, gateways, heartbeats, used, quotas, leases.

return cjson.encode({
  now_ms(),
  redis.call('HGETALL', GATEWAYS),
  redis.call('ZRANGE', HEARTBEATS, 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', USED),
  redis.call('HGETALL', QUOTAS),
  redis.call('HGETALL', LEASES),
})
