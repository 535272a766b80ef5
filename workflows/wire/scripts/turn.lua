-- Take the next turn at a host, for all workers in one line: when to go, and when the next one may.
-- KEYS  1 host
-- ARGV  1 delay between two requests, ms  2 longest wait, ms  3 pause the host for, ms
-- ->    {"ok", ms to wait} | {"full", ms until there is a turn}: nothing was taken
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local free = tonumber(redis.call('GET', KEYS[1]) or 0)
if free < now then free = now end
local pause = tonumber(ARGV[3])
if pause > 0 then
  if now + pause > free then free = now + pause end
  redis.call('SET', KEYS[1], string.format('%d', free), 'PX', free - now + 1000)
  return {'ok', tostring(free - now)}
end
local wait = free - now
if wait > tonumber(ARGV[2]) then return {'full', tostring(wait)} end
local delay = tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%d', free + delay), 'PX', wait + delay + 1000)
return {'ok', tostring(wait)}
