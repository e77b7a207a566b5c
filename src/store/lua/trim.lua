#!lua
-- Drops events up to and including a rev, never beyond the saved state, and remembers the hash of the last one dropped.
--
-- KEYS[1] meta   KEYS[2] events   KEYS[3] snapshot
-- ARGV[1] epoch  ARGV[2] through (rev)
--
-- Returns {'done'} | {'missing'} | {'stale', epoch, rev}

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'rev', 'base')
if not meta[1] then
  return {'missing'}
end
if meta[1] ~= ARGV[1] then
  return {'stale', meta[1], meta[2]}
end
local saved = redis.call('HGET', KEYS[3], 'rev')
local through = math.min(tonumber(ARGV[2]), tonumber(saved or '0'), tonumber(meta[2]))
if through <= tonumber(meta[3]) then
  return {'done'}
end
local id = string.format('%.0f', through)
local last = redis.call('XRANGE', KEYS[2], id .. '-0', id .. '-0')
if not last[1] then
  return {'done'} -- a gap: leave all of it for the reader to find
end
local fields = last[1][2]
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', through + 1) .. '-0')
redis.call('HSET', KEYS[1], 'base', id, 'base_chain', fields[4])
return {'done'}
