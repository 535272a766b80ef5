-- Append a batch to a log, or learn why not: compare-and-append.
-- KEYS  1 log  2 blobs
-- ARGV  1 id that the writer believes is last ("attempt-seq")  2 attempt  3 seq of the batch's first
--       4 number of events n  then n times kind, data  then pairs sha, bytes
-- ->    {"ok"} | {"gone"} | {"ended", tip} | {"lost", tip}
-- All or nothing: everything is checked before the first write. An empty batch checks the tip.
local tip = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not tip then return {'gone'} end
local n = tonumber(ARGV[4])
local last = ARGV[2] .. '-' .. (tonumber(ARGV[3]) + n - 1)
if n > 0 and tip[1] == last then return {'ok'} end
local kind
for i = 1, #tip[2], 2 do if tip[2][i] == 'kind' then kind = tip[2][i + 1] end end
if kind == 'run.completed' or kind == 'run.failed' or kind == 'run.cancelled' then
  return {'ended', tip[1]}
end
if tip[1] ~= ARGV[1] then return {'lost', tip[1]} end
local blob = 5 + 2 * n
for i = blob, #ARGV, 2 do redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) end
for i = 0, n - 1 do
  redis.call('XADD', KEYS[1], ARGV[2] .. '-' .. (tonumber(ARGV[3]) + i),
    'kind', ARGV[5 + 2 * i], 'data', ARGV[6 + 2 * i])
end
return {'ok'}
