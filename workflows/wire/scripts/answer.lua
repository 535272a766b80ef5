-- Put an answer, or that the time is over, into a run's inbox. One winner.
-- KEYS  1 log  2 inbox  3 lease  4 due
-- ARGV  1 id of the run.waiting  2 answer  3 run  4 signals that the writer has read ("": any
--       number)  5 pub/sub channel
-- ->    {"ok"} | {"taken"} | {"unread"} | {"gone"} | {"ended", tip}
-- An answer carries a nonce: one that lies there already, and is the same, is our own.
local tip = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not tip then return {'gone'} end
local kind
for i = 1, #tip[2], 2 do if tip[2][i] == 'kind' then kind = tip[2][i + 1] end end
if kind == 'run.completed' or kind == 'run.failed' or kind == 'run.cancelled' then
  return {'ended', tip[1]}
end
-- A log that was restored in between asks under another id.
if not redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1] then return {'gone'} end
local had = redis.call('HGET', KEYS[2], ARGV[1])
if had then return {had == ARGV[2] and 'ok' or 'taken'} end
-- A signal may have stopped the countdown.
if ARGV[4] ~= '' and tonumber(redis.call('HGET', KEYS[2], 'signals') or 0) > tonumber(ARGV[4]) then
  return {'unread'}
end
redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2])
-- Whoever is at home is told; for a run that nobody holds a worker is found.
if redis.call('HGET', KEYS[3], 'released') == 'parked' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[4], 'XX', time[1] * 1000 + math.floor(time[2] / 1000), ARGV[3])
end
redis.call('PUBLISH', ARGV[5], ARGV[3] .. ' inbox')
return {'ok'}
