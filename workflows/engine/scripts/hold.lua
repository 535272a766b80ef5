-- Hold the making of a cached value, go on holding it, or let it go.
-- KEYS  1 who holds it
-- ARGV  1 who  2 ms for which it is held (0: it is let go)
-- ->    1 it is held by, or was, `who` | 0 by somebody else
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
