#!lua
-- Opens a hall's journal; creates it when nothing is there and that is allowed.
--
-- KEYS[1] meta   KEYS[2] events   KEYS[3] snapshot
-- ARGV[1] epoch of a new journal  ARGV[2] data version of a new journal  ARGV[3] who makes it  ARGV[4] '1' when it may be made
--
-- Returns {'open', version, epoch, rev, base, snapshot rev or '', snapshot json, snapshot sum}
--       | {'missing'}    nothing there, and none may be made
--       | {'headless'}   events or a snapshot without their meta: never to be covered by a new journal

local meta = redis.call('HMGET', KEYS[1], 'version', 'epoch', 'rev', 'base')
if not meta[2] then
  if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then
    return {'headless'}
  end
  if ARGV[4] ~= '1' then
    return {'missing'}
  end
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'epoch', ARGV[1], 'rev', '0', 'chain', ARGV[1],
    'base', '0', 'base_chain', ARGV[1], 'owner', ARGV[3])
  return {'open', ARGV[2], ARGV[1], '0', '0', '', '', ''}
end
local snapshot = redis.call('HMGET', KEYS[3], 'rev', 'json', 'sum')
return {'open', meta[1] or '', meta[2], meta[3] or '', meta[4] or '', snapshot[1] or '', snapshot[2] or '', snapshot[3] or ''}
