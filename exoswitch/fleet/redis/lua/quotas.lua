-- Tells how many calls there are on each quota, as a list in JSON: name, count, and so on.

return cjson.encode(redis.call('HGETALL', QUOTAS))
