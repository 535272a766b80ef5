-- Put a signal into a run's inbox, after those that are there.
-- KEYS  1 log  2 inbox  3 lease  4 due
-- ARGV  1 id, given by the sender  2 signal  3 run  4 how many one run may get  5 pub/sub channel
-- ->    {"ok"} | {"full"} | {"gone"} | {"ended", tip}
local tip = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not tip then return {'gone'} end
local kind
for i = 1, #tip[2], 2 do if tip[2][i] == 'kind' then kind = tip[2][i + 1] end end
if kind == 'run.completed' or kind == 'run.failed' or kind == 'run.cancelled' then
  return {'ended', tip[1]}
end
local field = 'signal:' .. ARGV[1]
if redis.call('HEXISTS', KEYS[2], field) == 1 then return {'ok'} end
if tonumber(redis.call('HGET', KEYS[2], 'signals') or 0) >= tonumber(ARGV[4]) then
  return {'full'}
end
local number = redis.call('HINCRBY', KEYS[2], 'signals', 1)
redis.call('HSET', KEYS[2], field, number .. ' ' .. ARGV[2])
if redis.call('HGET', KEYS[3], 'released') == 'parked' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[4], 'XX', time[1] * 1000 + math.floor(time[2] / 1000), ARGV[3])
end
redis.call('PUBLISH', ARGV[5], ARGV[3] .. ' inbox')
return {'ok'}
