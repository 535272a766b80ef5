-- Who may ask a provider now: one worker tells what is new with its calls, and hears which may go.
-- KEYS  1 state  2 calls  3 unheard  4 workers  5 held  then a ring and a queue of each lane:
--       6, 7 again  8, 9 interactive  10, 11 bulk
-- ARGV  1 JSON {worker, known, lease, minute, rpm, tpm, concurrent, heard{rpm, tpm},
--               joins[{id, lane, owner, tokens}], holds[id], heeds[id],
--               ends[{id, used, sent, ok, pause}]}   2 pub/sub channel
-- ->    JSON {granted[id], wait, paused, every, calls{lane}, owners{lane}}
--       | {forgotten}: this server knows nothing of the worker, which is to tell all of it anew
-- All times in ms. `wait`: when to come back (-1: not before a nudge). Said twice it does no harm.
-- A provider counts in minutes, sliding or fixed. Paced at 93 % with at most 5 % at once, no such
-- minute holds more than is allowed, and the last of many goes 8 % later than it might.
local PACE, BURST, LEAST = 0.93, 0.05, 60
local SHARE, RETRIES, RESERVE = 4, 0.2, 10
local LANES = {'again', 'interactive', 'bulk'}
local state, calls, unheard, workers, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ring, queue = {}, {}
for i, lane in ipairs(LANES) do ring[lane], queue[lane] = KEYS[4 + 2 * i], KEYS[5 + 2 * i] end
local ask = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

-- the state, as numbers
local s = {}
local flat = redis.call('HGETALL', state)
for i = 1, #flat, 2 do s[flat[i]] = tonumber(flat[i + 1]) end
local function get(name, default) return s[name] or default end

-- how many in a minute: what is set, else what the provider said, and less where it refused
if ask.heard.rpm then s.rpm = ask.heard.rpm end
if ask.heard.tpm then s.tpm = ask.heard.tpm end
local rpm, tpm = ask.rpm or s.rpm, ask.tpm or s.tpm
local function learnt()
  if not s.cut then return nil end
  local age = (now - s.cut_at) / ask.minute
  if age > 15 then s.cut = nil return nil end
  return s.cut * 1.25 ^ age
end
-- what went in this minute and the last
local minute = math.floor(now / ask.minute)
if get('minute', -1) ~= minute then
  s.last = get('minute', -1) == minute - 1 and get('went', 0) or 0
  s.went, s.refused, s.minute = 0, 0, minute
end
local function lately()
  local part = now / ask.minute - minute
  return get('went', 0) + get('last', 0) * (1 - part)
end
local function most() -- requests a minute; nil: no bound is known
  local cut = learnt()
  if cut and (not rpm or cut < rpm) then return cut end
  return rpm
end
local function every() local n = most() return n and ask.minute / (n * PACE) or 0 end
local function ms_of(tokens) return tpm and tokens * ask.minute / (tpm * PACE) or 0 end

local function read(id)
  local raw = redis.call('HGET', calls, id)
  return raw and cjson.decode(raw)
end
local function leave_queue(call)
  redis.call('ZREM', queue[call.lane], call.place)
  local of = '[' .. call.owner .. '\0'
  local more = redis.call('ZRANGEBYLEX', queue[call.lane], of, '(' .. call.owner .. '\1', 'LIMIT', 0, 1)
  if #more == 0 then redis.call('ZREM', ring[call.lane], call.owner) end
end
local function give_back(call, tokens, request)
  if get('t') then s.t = s.t - ms_of(tokens) end
  if request and get('r') then s.r = s.r - every() end
end
local function drop(id, call)
  redis.call('HDEL', calls, id)
  redis.call('HDEL', unheard, id)
  redis.call('SREM', held, id)
  if call.state == 'waits' then leave_queue(call) end
end

-- 1. who is there; what the dead had comes back: their places, and what never left
local forgotten = ask.known and not redis.call('ZSCORE', workers, ask.worker)
redis.call('ZADD', workers, now + ask.lease, ask.worker)
if forgotten then -- it has to tell everything, before anybody is let go in its place
  redis.call('PEXPIRE', workers, math.ceil(ask.minute * 20))
  return '{"forgotten":true}'
end
local dead = redis.call('ZRANGEBYSCORE', workers, '-inf', '(' .. now)
if #dead > 0 then
  local gone = {}
  for _, worker in ipairs(dead) do gone[worker] = true redis.call('ZREM', workers, worker) end
  local all = redis.call('HGETALL', calls)
  for i = 1, #all, 2 do
    local call = cjson.decode(all[i + 1])
    if gone[call.worker] then
      drop(all[i], call)
      if call.state == 'granted' then give_back(call, call.tokens, true) end
    end
  end
end

-- 2. what the worker tells
local function cut()
  -- one refusal may be chance, and those that were under way say the same thing again
  s.refused = get('refused', 0) + 1
  local early = s.cut_at and now - s.cut_at < ask.minute / 6
  -- of fewer calls a minute nothing is learnt of how many it allows: a pause is enough
  if early or lately() < LEAST or s.refused <= 1 + BURST * lately() then return end
  s.cut, s.cut_at = math.max(math.min(most() or math.huge, lately()) * 0.8, LEAST), now
end
for _, id in ipairs(ask.heeds) do redis.call('HDEL', unheard, id) end
for _, id in ipairs(ask.heeds) do
  local call = read(id)
  if call and call.state == 'granted' then
    call.state = 'held'
    redis.call('HSET', calls, id, cjson.encode(call))
  end
end
for _, done in ipairs(ask.ends) do
  local call = read(done.id)
  if call then
    drop(done.id, call)
    if call.state ~= 'waits' and not done.sent then
      give_back(call, call.tokens, true)
    elseif call.state ~= 'waits' and done.used >= 0 then
      give_back(call, call.tokens - done.used, false)
    end
  end
  if done.ok then s.strikes = 0 end
  if done.pause >= 0 then
    local pause = done.pause
    if pause == 0 then pause = math.min(ask.minute / 60 * 2 ^ get('strikes', 0), ask.minute / 2) end
    s.strikes = get('strikes', 0) + 1
    s.paused = math.max(get('paused', 0), now + pause)
    cut()
  end
end
for _, id in ipairs(ask.holds) do
  if not read(id) then
    redis.call('HSET', calls, id, cjson.encode({worker = ask.worker, state = 'held', tokens = 0}))
    redis.call('SADD', held, id)
  end
end
for _, call in ipairs(ask.joins) do
  if not read(call.id) then
    s.place = get('place', 0) + 1
    call.place = call.owner .. '\0' .. string.format('%015d', s.place) .. call.id
    call.worker, call.state = ask.worker, 'waits'
    redis.call('ZADD', queue[call.lane], 0, call.place)
    -- an owner who comes back was served before those who stayed: no place to be won by leaving
    redis.call('ZADD', ring[call.lane], 'NX', get('turn', 0), call.owner)
    redis.call('HSET', calls, call.id, cjson.encode(call))
  end
end

-- 3. who goes: tries again out of their own purse; bulk after every four interactive ones
local floor = RESERVE
local ceiling = floor + RETRIES * lately()
s.purse = math.min(get('purse', floor), ceiling)
local refill = (now - get('purse_at', now)) * 3 * RESERVE / ask.minute
s.purse, s.purse_at = math.max(s.purse, math.min(floor, s.purse + refill)), now

local function waits(lane) return redis.call('ZCARD', ring[lane]) > 0 end
local function choose()
  if waits('again') and s.purse >= 1 then return 'again' end
  local bulk = waits('bulk')
  if waits('interactive') and not (bulk and get('passed', 0) >= SHARE) then return 'interactive' end
  return bulk and 'bulk' or nil
end
local function first(lane)
  local owner = redis.call('ZRANGE', ring[lane], 0, 0)[1]
  local place = redis.call('ZRANGEBYLEX', queue[lane], '[' .. owner .. '\0', '(' .. owner .. '\1',
    'LIMIT', 0, 1)[1]
  local id = place and string.sub(place, #owner + 17)
  local call = id and read(id)
  if not call then -- cannot be; but a queue must not stand still for it
    if place then redis.call('ZREM', queue[lane], place) end
    redis.call('ZREM', ring[lane], owner)
  end
  return id, call
end
local function held_up(lane, tokens) -- ms until so much may go; 0: now
  local interval, at_once = every(), math.max(1, math.floor((most() or 1) * BURST))
  local until_ms = get('r', 0) - (at_once - 1) * interval
  local late = get('t', 0)
  if late > now then until_ms = math.max(until_ms, math.min(late, late + ms_of(tokens) - ask.minute * BURST)) end
  return math.max(0, until_ms - now)
end
local function grant(lane, id, call)
  redis.call('ZREM', queue[lane], call.place)
  s.turn = get('turn', 0) + 1
  redis.call('ZADD', ring[lane], s.turn, call.owner)
  leave_queue(call)
  s.r = math.max(get('r', 0), now) + every()
  s.t = math.max(get('t', 0), now) + ms_of(call.tokens)
  s.went = get('went', 0) + 1
  if lane == 'again' then
    s.purse = s.purse - 1
  else
    s.purse = math.min(s.purse + RETRIES, math.max(ceiling, s.purse))
    s.passed = lane == 'interactive' and get('passed', 0) + 1 or 0
  end
  call.state = 'granted'
  redis.call('HSET', calls, id, cjson.encode(call))
  redis.call('HSET', unheard, id, call.worker)
  redis.call('SADD', held, id)
end

local wait, nudged = -1, {}
local paused = math.max(0, get('paused', 0) - now)
while true do
  local lane = choose()
  if not lane then
    if waits('again') then wait = (1 - s.purse) * ask.minute / (3 * RESERVE) end
    break
  end
  if paused > 0 then wait = paused break end
  if ask.concurrent and redis.call('SCARD', held) >= ask.concurrent then break end
  local id, call = first(lane)
  if call then
    local late = held_up(lane, call.tokens)
    if late > 0 then wait = late break end
    grant(lane, id, call)
    if call.worker ~= ask.worker then nudged[call.worker] = true end
  end
end
for worker in pairs(nudged) do redis.call('PUBLISH', ARGV[2], worker) end

-- 4. the answer
local granted = {}
local all = redis.call('HGETALL', unheard)
for i = 1, #all, 2 do if all[i + 1] == ask.worker then granted[#granted + 1] = all[i] end end
for _, name in ipairs({'r', 't', 'paused', 'strikes', 'cut', 'cut_at', 'refused', 'rpm', 'tpm', 'minute', 'went',
    'last', 'place', 'turn', 'passed', 'purse', 'purse_at'}) do
  if s[name] then redis.call('HSET', state, name, string.format('%.3f', s[name]))
  else redis.call('HDEL', state, name) end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, math.ceil(ask.minute * 20)) end
local lanes, owners = {}, {}
for _, lane in ipairs(LANES) do
  lanes[lane], owners[lane] = redis.call('ZCARD', queue[lane]), redis.call('ZCARD', ring[lane])
end
return cjson.encode({granted = granted, wait = wait, paused = paused, every = every(),
  calls = lanes, owners = owners})
