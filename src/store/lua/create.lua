#!lua
-- Begins a hall's journal, unless anything of one is there.
--
-- KEYS[1] meta   KEYS[2] events   KEYS[3] snapshot
-- ARGV[1] epoch  ARGV[2] data version  ARGV[3] who makes it
--
-- Returns {'done'} in either case: the caller reads what is there now.

if redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3]) == 0 then
  -- The chain of hashes begins with the first epoch and outlives it.
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'epoch', ARGV[1], 'rev', '0', 'chain', ARGV[1],
    'base', '0', 'base_chain', ARGV[1], 'owner', ARGV[3])
end
return {'done'}
