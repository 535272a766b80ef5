-- Write the first events of a run, `0-1 run.queued` and what a fork takes over, and say by when a
-- worker is to open it.
-- KEYS  1 log  2 due  3 blobs
-- ARGV  1 run  2 ms until it is due  3 ms, clock of Redis, after which it is too late (0: never)
--       4 number of events n  then n times kind, data  then pairs sha, bytes
-- ->    {"ok"} | {"exists", tip} | {"late"}
-- Too late: the monitor may have announced the run in the meantime, and it may even have ended and
-- left Redis, so that the missing log proves nothing.
local tip = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tip then return {'exists', tip[1]} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(ARGV[3]) > 0 and now > tonumber(ARGV[3]) then return {'late'} end
local n = tonumber(ARGV[4])
for i = 5 + 2 * n, #ARGV, 2 do redis.call('HSETNX', KEYS[3], ARGV[i], ARGV[i + 1]) end
for i = 1, n do
  redis.call('XADD', KEYS[1], '0-' .. i, 'kind', ARGV[3 + 2 * i], 'data', ARGV[4 + 2 * i])
end
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[2]), ARGV[1])
return {'ok'}
