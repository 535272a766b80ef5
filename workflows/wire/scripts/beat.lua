#!lua flags=allow-oom
-- Renew the lease of an attempt that lives.
-- KEYS  1 lease  2 due
-- ARGV  1 attempt  2 lease in ms  3 run
-- ->    {"ok"} | {"lost", attempt that holds it} | {"gone"}
-- A lease that was let go stays so: this beat may have been on its way since before.
-- `due` is only moved, never entered: a run whose end is in SQL must not come back.
local attempt = redis.call('HGET', KEYS[1], 'attempt')
if not attempt then return {'gone'} end
if attempt ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'released') == 1 then
  return {'lost', attempt}
end
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'until', until_ms)
redis.call('ZADD', KEYS[2], 'XX', until_ms, ARGV[3])
return {'ok'}
