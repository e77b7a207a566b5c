#!lua
-- Replaces the saved state of a hall, unless what is there is as new.
--
-- KEYS[1] meta   KEYS[2] snapshot
-- ARGV[1] epoch  ARGV[2] rev  ARGV[3] text  ARGV[4] sum
--
-- Returns {'done'} | {'older'} | {'missing'} | {'stale', epoch, rev}   (stale: another epoch, or a rev that never was)

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'rev')
if not meta[1] then
  return {'missing'}
end
if meta[1] ~= ARGV[1] or tonumber(ARGV[2]) > tonumber(meta[2]) then
  return {'stale', meta[1], meta[2]}
end
local saved = redis.call('HGET', KEYS[2], 'rev')
if saved and tonumber(saved) >= tonumber(ARGV[2]) then
  return {'older'}
end
redis.call('HSET', KEYS[2], 'rev', ARGV[2], 'lz4', ARGV[3], 'sum', ARGV[4])
return {'done'}
