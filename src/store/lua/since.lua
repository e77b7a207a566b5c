#!lua flags=no-writes
-- Reads a stretch of events together with where the journal stands, so that the reader can prove that none is missing.
-- Marked as reading only: it answers while the disk is full.
--
-- KEYS[1] meta   KEYS[2] events
-- ARGV[1] the rev before the stretch   ARGV[2] how many at most
--
-- Returns {'missing'} | {epoch, rev, base, base_chain, {{id, {'event', json, 'h', hash}}, …}}
-- The list begins with the entry ARGV[1] itself when that is still there (its hash vouches for the next).

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'rev', 'base', 'base_chain')
if not meta[1] then
  return {'missing'}
end
local entries = redis.call('XRANGE', KEYS[2], ARGV[1] .. '-0', '+', 'COUNT', tonumber(ARGV[2]) + 1)
return {meta[1], meta[2] or '', meta[3] or '', meta[4] or '', entries}
