-- Appends a job, as names and values of fields, to a gateway's stream. A stream expires KEPT_S after its last job.

local gateway, jobs_max, kept_s = unpack(ARGV, 1, 3)

local stream = stream_of(gateway)
if last_delivered(stream) == '' then
  redis.call('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM')
end
redis.call('XADD', stream, 'MAXLEN', '~', jobs_max, '*', unpack(ARGV, 4))
redis.call('EXPIRE', stream, kept_s)
return redis.status_reply('ok')
