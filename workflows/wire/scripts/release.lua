#!lua flags=allow-oom
-- Let go of an attempt so that another worker goes on at once: the run is due now.
-- KEYS  1 lease  2 due
-- ARGV  1 attempt  2 run  3 why ("handed over", "gone", "crashed")
-- ->    {"ok"} | {"lost", attempt that holds it} | {"gone"}
local attempt = redis.call('HGET', KEYS[1], 'attempt')
if attempt and attempt ~= ARGV[1] then return {'lost', attempt} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Without a lease the whole server may have lost its data: enter it again, the monitor sorts it out.
if not attempt then
  redis.call('ZADD', KEYS[2], now, ARGV[2])
  return {'gone'}
end
redis.call('ZADD', KEYS[2], 'XX', now, ARGV[2])
redis.call('HSET', KEYS[1], 'until', now, 'released', ARGV[3])
return {'ok'}
