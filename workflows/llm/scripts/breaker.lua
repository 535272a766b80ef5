-- The breakers of providers' models: may one be asked, and how did it answer?
-- KEYS  breakers, one for each provider that has the model, in the order of choice
-- ARGV  1 "choose"  2 who  3 ms that a probe has for itself
--       1 "tell"  2 who  3 ok | alive | away | barred | left  4 points of this failure
--       5 points that open it  6 ms until the next probe  7 ms for which a failure is remembered
-- ->    choose: {number of the key, or 0 when none may be asked; "closed" | "probe" | "open"; ms until
--               one may be asked; how many others are closed}
--       tell:   {"opened"} | {"healed"} | {"same"}
-- A breaker that is open lets one call through at a time, and no other before `due`: whoever died
-- with a probe is not waited for any longer than that. A long answer takes longer, too: so each of
-- the last probes may close it, and only the newest keep it open.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local MOST = 1020 -- characters: sixty probes, of which each has seconds for itself

if ARGV[1] == 'choose' then
  local closed, first, ready, soonest = 0, nil, nil, nil
  for i, key in ipairs(KEYS) do
    local due = tonumber(redis.call('HGET', key, 'due') or 0)
    if due == 0 then closed = closed + 1 end
    if due <= now then first = first or i else soonest = math.min(soonest or due, due) end
    if due ~= 0 and first == i then ready = key end
  end
  if not first then return {0, 'open', soonest and soonest - now or 0, 0} end
  if not ready then return {first, 'closed', 0, closed - 1} end
  local probes = (redis.call('HGET', ready, 'probes') or '') .. ARGV[2] .. ' '
  redis.call('HSET', ready, 'probe', ARGV[2], 'due', now + tonumber(ARGV[3]),
    'probes', string.sub(probes, -MOST))
  return {first, 'probe', 0, closed}
end

local key, who, outcome = KEYS[1], ARGV[2], ARGV[3]
local pause = tonumber(ARGV[6])
if redis.call('HEXISTS', key, 'due') == 1 then
  -- Calls that began before it opened have no say.
  local newest = redis.call('HGET', key, 'probe') == who
  local probes = ' ' .. (redis.call('HGET', key, 'probes') or '')
  if outcome == 'ok' or outcome == 'alive' then
    if not newest and not string.find(probes, ' ' .. who .. ' ', 1, true) then return {'same'} end
    redis.call('DEL', key)
    return {'healed'}
  end
  if not newest then return {'same'} end
  redis.call('HDEL', key, 'probe')
  redis.call('HSET', key, 'due', outcome == 'left' and now or now + pause)
  redis.call('PEXPIRE', key, ARGV[7])
  return {'same'}
end
if outcome == 'ok' then redis.call('DEL', key) end
if outcome ~= 'away' and outcome ~= 'barred' then return {'same'} end
local points = redis.call('HINCRBY', key, 'points', ARGV[4])
redis.call('PEXPIRE', key, ARGV[7])
if outcome == 'away' and points < tonumber(ARGV[5]) then return {'same'} end
redis.call('HSET', key, 'due', now + pause)
return {'opened'}
