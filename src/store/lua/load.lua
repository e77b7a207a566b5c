#!lua flags=no-writes
-- Reads what a process needs to open a hall's journal.
-- Marked as reading only: a hall can be opened, and its past shown, while the disk is full.
--
-- KEYS[1] meta   KEYS[2] events   KEYS[3] snapshot
-- ARGV[1] 'whole', or 'head' for all but the saved state's text
--
-- Returns {'open', version, epoch, rev, base, snapshot rev or '', snapshot text, snapshot sum}
--       | {'missing'}    nothing there
--       | {'headless'}   events or a snapshot without their meta: never to be covered by a new journal

local meta = redis.call('HMGET', KEYS[1], 'version', 'epoch', 'rev', 'base')
if not meta[2] then
  if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then
    return {'headless'}
  end
  return {'missing'}
end
local snapshot = { redis.call('HGET', KEYS[3], 'rev') }
if ARGV[1] == 'whole' then
  snapshot = redis.call('HMGET', KEYS[3], 'rev', 'lz4', 'sum')
end
return {'open', meta[1] or '', meta[2], meta[3] or '', meta[4] or '', snapshot[1] or '', snapshot[2] or '', snapshot[3] or ''}
