-- Calls of the hotline and work orders that the hall has let go of, whole. These tables are not made from the events kept
-- here, which no longer say who called: only the journal's own event says it, once, when the record is archived.

-- One row a call. A journal that was restored tells a call again: the later record stands.
CREATE TABLE hotline_calls (
  call         INTEGER PRIMARY KEY,
  logged_at_ms INTEGER NOT NULL,
  sealed       INTEGER NOT NULL,
  json         TEXT    NOT NULL
) STRICT;
CREATE INDEX hotline_calls_by_time ON hotline_calls (logged_at_ms);

-- Numbers, customers and flats under which calls are found, prefixed `p:`, `t:` (the end of a number), `c:` and `f:`.
-- The number of a call that still goes on is here too: it tells who rings again.
CREATE TABLE hotline_call_words (
  word  TEXT    NOT NULL,
  at_ms INTEGER NOT NULL,           -- when the call began
  call  INTEGER NOT NULL,
  PRIMARY KEY (word, at_ms, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX hotline_call_words_by_call ON hotline_call_words (call);
CREATE INDEX hotline_call_words_by_time ON hotline_call_words (at_ms);

-- What can be searched of calls: what everybody may know, who it is, and what a seal keeps. Row ids are the calls'.
CREATE VIRTUAL TABLE hotline_call_texts USING fts5 (
  open, named, sealed, content = '', contentless_delete = 1, tokenize = 'unicode61'
);

-- One row an order; the key is its day and its place on that day.
CREATE TABLE work_orders (
  key          INTEGER PRIMARY KEY,
  created_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER NOT NULL,
  team         TEXT,
  state        TEXT    NOT NULL,
  category     TEXT    NOT NULL,
  sealed       INTEGER NOT NULL,
  json         TEXT    NOT NULL
) STRICT;
CREATE INDEX work_orders_by_team ON work_orders (team, key);
CREATE INDEX work_orders_by_time ON work_orders (closed_at_ms);

-- As for calls; `x:` is the number that another office gave.
CREATE TABLE work_order_words (
  word TEXT    NOT NULL,
  key  INTEGER NOT NULL,
  PRIMARY KEY (word, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_order_words_by_key ON work_order_words (key);

CREATE VIRTUAL TABLE work_order_texts USING fts5 (
  open, named, sealed, content = '', contentless_delete = 1, tokenize = 'unicode61'
);

-- From here on everything is made from the events kept here.

-- One row a call, as far as reports count it. A call that a later history tells anew is superseded: kept, not counted.
CREATE TABLE call_facts (
  segment      INTEGER NOT NULL REFERENCES segments (no),
  call         INTEGER NOT NULL,
  superseded   INTEGER NOT NULL DEFAULT 0,
  logged_at_ms INTEGER NOT NULL,
  ended_at_ms  INTEGER,
  category     TEXT,
  disposition  TEXT,
  PRIMARY KEY (segment, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_facts_by_time ON call_facts (logged_at_ms);
CREATE INDEX call_facts_by_call ON call_facts (call);

-- One row a call of the exchange, with what it counts for; `merged` is what was told of it, while more may come.
CREATE TABLE phone_facts (
  segment       INTEGER NOT NULL REFERENCES segments (no),
  phone_call    INTEGER NOT NULL,
  superseded    INTEGER NOT NULL DEFAULT 0,
  seen_at_ms    INTEGER NOT NULL,
  began_at_ms   INTEGER NOT NULL,
  over          INTEGER NOT NULL,
  offered       INTEGER NOT NULL,
  answered      INTEGER NOT NULL,
  wait_known    INTEGER NOT NULL,
  within_15_s   INTEGER NOT NULL,
  missed        INTEGER NOT NULL,
  forwarded     INTEGER NOT NULL,
  merged        TEXT,
  PRIMARY KEY (segment, phone_call)
) STRICT, WITHOUT ROWID;
CREATE INDEX phone_facts_by_time ON phone_facts (began_at_ms);
CREATE INDEX phone_facts_by_call ON phone_facts (phone_call);
CREATE INDEX phone_facts_open ON phone_facts (seen_at_ms) WHERE merged IS NOT NULL;

-- Orders that are not archived, as far as their next event has to know: whose, about what, which clocks were told to be late,
-- and the last grade.
CREATE TABLE order_now (
  segment  INTEGER NOT NULL REFERENCES segments (no),
  key      INTEGER NOT NULL,
  team     TEXT,
  category TEXT,
  late     TEXT    NOT NULL DEFAULT '',
  graded   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (segment, key)
) STRICT, WITHOUT ROWID;

-- What reports count of orders. An event that a later history tells anew is the same row.
CREATE TABLE order_marks (
  at_ms    INTEGER NOT NULL,
  rev      INTEGER NOT NULL,
  seq      INTEGER NOT NULL,        -- within the event
  team     TEXT,
  category TEXT,
  what     TEXT    NOT NULL,        -- created, dispatched, closed, withdrawn, reopened, returned, kept, breached, callback, escalated
  clock    TEXT,                    -- of kept and breached
  reached  INTEGER,                 -- of callback
  grade    INTEGER,                 -- of callback; of closed: whether there was one
  PRIMARY KEY (at_ms, rev, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX tickets_by_number ON tickets (number, issued_at_ms);
