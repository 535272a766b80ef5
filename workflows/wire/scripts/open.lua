-- Open an attempt: a worker's start, a cancel, a give-up, a restore.
-- KEYS  1 log  2 due  3 lease  4 blobs
-- ARGV  1 attempt  2 nonce  3 Redis run id under which the log was looked at  4 run  5 worker
--       6 lease in ms (0: nobody holds it)  7 "1" when a log that is gone may be written anew
--       8 pub/sub channel  9 number of events n (the first is the opening)
--       then n times kind, data  then pairs sha, bytes
-- ->    {"ok", id that the opening follows} | {"gone"} | {"ended", tip} | {"late", tip} | {"stale"}
-- The lease is not asked, it is only a sign of life.
-- Own nonce first: whoever is in the log has opened it, on whatever server that was.
local attempt = tonumber(ARGV[1])
local tip = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local opening = redis.call('XRANGE', KEYS[1], attempt .. '-0', attempt .. '-0')[1]
if opening then
  local field = {}
  for i = 1, #opening[2], 2 do field[opening[2][i]] = opening[2][i + 1] end
  if field['by'] == ARGV[2] then return {'ok', field['after']} end
  return {'late', tip[1]}
end
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if server ~= ARGV[3] then return {'stale', server} end
if not tip and ARGV[7] ~= '1' then return {'gone'} end
local after = '0-0'
if tip then
  local kind
  for i = 1, #tip[2], 2 do if tip[2][i] == 'kind' then kind = tip[2][i + 1] end end
  if kind == 'run.completed' or kind == 'run.failed' or kind == 'run.cancelled' then
    return {'ended', tip[1]}
  end
  if tonumber(string.match(tip[1], '^%d+')) >= attempt then return {'late', tip[1]} end
  after = tip[1]
end
local n = tonumber(ARGV[9])
for i = 10 + 2 * n, #ARGV, 2 do redis.call('HSETNX', KEYS[4], ARGV[i], ARGV[i + 1]) end
redis.call('XADD', KEYS[1], attempt .. '-0',
  'kind', ARGV[10], 'data', ARGV[11], 'by', ARGV[2], 'after', after)
for i = 1, n - 1 do
  redis.call('XADD', KEYS[1], attempt .. '-' .. i, 'kind', ARGV[10 + 2 * i], 'data', ARGV[11 + 2 * i])
end
-- A log may outlive its run by an hour only: one that is written again is alive.
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[4])
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[6])
redis.call('ZADD', KEYS[2], until_ms, ARGV[4])
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[3], 'attempt', attempt, 'worker', ARGV[5], 'until', until_ms)
redis.call('PUBLISH', ARGV[8], ARGV[4] .. ' ' .. attempt)
return {'ok', after}
