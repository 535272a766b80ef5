-- Leave a run that waits to nobody: let the lease go, due when the waiting ends.
-- KEYS  1 log  2 inbox  3 lease  4 due
-- ARGV  1 id that the owner believes is last  2 attempt  3 id of the run.waiting ("": it only
--       sleeps)  4 signals that the owner has read  5 ms, clock of Redis, when it is due (0: when
--       somebody answers)  6 run
-- ->    {"ok"} | {"unread"} | {"gone"} | {"ended", tip} | {"lost", tip}
-- What lies in the inbox was put there while somebody was at home, and would wake nobody.
local tip = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not tip then return {'gone'} end
local kind
for i = 1, #tip[2], 2 do if tip[2][i] == 'kind' then kind = tip[2][i + 1] end end
if kind == 'run.completed' or kind == 'run.failed' or kind == 'run.cancelled' then
  return {'ended', tip[1]}
end
if tip[1] ~= ARGV[1] then return {'lost', tip[1]} end
local signals = tonumber(redis.call('HGET', KEYS[2], 'signals') or 0)
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 1 or signals > tonumber(ARGV[4]) then
  return {'unread'}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[3], 'attempt', ARGV[2], 'until', now, 'released', 'parked')
-- `due` is only moved, never entered: a run whose end is in SQL must not come back.
redis.call('ZADD', KEYS[4], 'XX', ARGV[5] == '0' and '+inf' or ARGV[5], ARGV[6])
return {'ok'}
