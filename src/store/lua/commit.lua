#!lua
-- Appends one commit to a hall's journal, all of it or nothing.
-- It knows keys and order, never a rule of the hall.
--
-- KEYS[1]  meta (hash)         KEYS[2]  events (stream)
-- KEYS[3…] the reply days to search, then the reply day to write, then the days to forget, then one key for each group of writes
-- ARGV[1]  epoch               ARGV[2]  the rev the commit was decided on
-- ARGV[3]  the commit's name   ARGV[4]  the name of the commit that has to be the last one, or nothing
-- ARGV[5…9] how many: events, replies, days to search, days to forget, groups of writes
-- ARGV[10…] events: json       replies: field, value        groups: operation, how many arguments, the arguments
--
-- Returns {'done'}
--       | {'missing'}                    no journal here
--       | {'stale', epoch, rev}          the journal stands elsewhere; nothing written
--       | {'repeated', n, value, …}      the n-th reply (from 1) was given before; nothing written
--
-- The shebang makes Redis refuse the script whole, before its first write, when memory or disk is short.
-- Every call that could fail on a foreign type comes first (XADD) or is repaired (the writes), because Redis does
-- not undo a script that stops half way.

local FIELDS_MAX = 500 -- fields for one HMGET, arguments for one write: Lua's unpack has a limit; even, because some go in pairs

local epoch, expected = ARGV[1], ARGV[2]
local name, behind = ARGV[3], ARGV[4]
local events, replies, searches = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local forgets, writes = tonumber(ARGV[8]), tonumber(ARGV[9])
local events_at = 10
local replies_at = events_at + events
local writes_at = replies_at + replies * 2
local reply_day = KEYS[3 + searches]

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'rev', 'chain', 'commit')
if not meta[1] then
  return {'missing'}
end
if meta[1] ~= epoch or meta[2] ~= expected or (behind ~= '' and meta[4] ~= behind) then
  return {'stale', meta[1], meta[2]}
end

local given = {}
for day = 1, searches do
  for first = 1, replies, FIELDS_MAX do
    local fields = {}
    for n = first, math.min(first + FIELDS_MAX - 1, replies) do
      fields[#fields + 1] = ARGV[replies_at + (n - 1) * 2]
    end
    local kept = redis.call('HMGET', KEYS[2 + day], unpack(fields))
    for i = 1, #fields do
      local n = first + i - 1
      if kept[i] and not given[n] then
        given[n] = kept[i]
      end
    end
  end
end
if next(given) then
  local answer = {'repeated'}
  for n = 1, replies do
    if given[n] then
      answer[#answer + 1] = tostring(n)
      answer[#answer + 1] = given[n]
    end
  end
  return answer
end

-- Revisions stay far below 2^53, where Lua's numbers are exact; they leave as text.
local rev, chain = tonumber(expected), meta[3]
for n = 1, events do
  rev = rev + 1
  local id = string.format('%.0f', rev)
  local json = ARGV[events_at + n - 1]
  chain = string.sub(redis.sha1hex(chain .. id .. json), 1, 16)
  redis.call('XADD', KEYS[2], id .. '-0', 'event', json, 'h', chain)
end
redis.call('HSET', KEYS[1], 'rev', string.format('%.0f', rev), 'chain', chain, 'commit', name)

-- What stands beside the log is a picture of it: a key of a foreign type is thrown away and drawn again.
local function put(command, key, from, count)
  for first = from, from + count - 1, FIELDS_MAX do
    local last = math.min(first + FIELDS_MAX - 1, from + count - 1)
    local answer = redis.pcall(command, key, unpack(ARGV, first, last))
    if type(answer) == 'table' and answer.err then
      redis.call('DEL', key)
      redis.pcall(command, key, unpack(ARGV, first, last))
    end
  end
end

if replies > 0 then
  put('HSET', reply_day, replies_at, replies * 2)
end

local writes_key = 3 + searches + forgets
local at = writes_at
for n = 1, writes do
  local operation, count = ARGV[at], tonumber(ARGV[at + 1])
  local key = KEYS[writes_key + n]
  if operation == 'SET' then
    redis.call('SET', key, ARGV[at + 2])
  elseif operation == 'DEL' then
    redis.call('DEL', key)
  else
    put(operation, key, at + 2, count)
  end
  at = at + 2 + count
end

for n = 1, forgets do
  redis.call('DEL', KEYS[3 + searches + n])
end

return {'done'}
