-- What the hall remembers. Times are milliseconds since 1970 UTC; words are those of the wire.

-- One row a journal, by its epoch. `rev` is the cursor: everything up to it is in the tables; it moves in the same
-- transaction as the rows. From `first_rev` to it no event is missing.
CREATE TABLE segments (
  no        INTEGER PRIMARY KEY,
  epoch     TEXT    NOT NULL UNIQUE,
  first_rev INTEGER NOT NULL,
  rev       INTEGER NOT NULL
) STRICT;

-- The journal itself, without secrets.
CREATE TABLE events (
  segment INTEGER NOT NULL REFERENCES segments (no),
  rev     INTEGER NOT NULL,
  type    TEXT    NOT NULL,
  at_ms   INTEGER NOT NULL,
  "by"    TEXT    NOT NULL,
  json    TEXT    NOT NULL,
  PRIMARY KEY (segment, rev)
) STRICT;

CREATE TABLE days (
  segment      INTEGER NOT NULL REFERENCES segments (no),
  day          TEXT    NOT NULL,
  rev          INTEGER NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  PRIMARY KEY (segment, day)
) STRICT;

-- One row a ticket. A ticket that a later history tells anew (its journal was restored) is superseded: kept, not counted.
CREATE TABLE tickets (
  segment      INTEGER NOT NULL REFERENCES segments (no),
  ticket       INTEGER NOT NULL,
  superseded   INTEGER NOT NULL DEFAULT 0,
  day          TEXT    NOT NULL,
  number       TEXT    NOT NULL,
  service      TEXT    NOT NULL,   -- where it is now, or was last
  class        TEXT    NOT NULL,
  language     TEXT    NOT NULL,
  source       TEXT    NOT NULL,
  late         INTEGER NOT NULL,
  issued_at_ms INTEGER NOT NULL,
  state        TEXT    NOT NULL,
  counter      TEXT,
  calls        INTEGER NOT NULL DEFAULT 0,
  called_at_ms INTEGER,
  park_reason  TEXT,
  outcome      TEXT,
  finish       TEXT,               -- JSON: outcome, reason, solution, materials, checks
  ended_by     TEXT,
  rating       INTEGER,
  PRIMARY KEY (segment, ticket)
) STRICT;
CREATE INDEX tickets_by_day ON tickets (day, segment, ticket);
CREATE INDEX tickets_by_id ON tickets (ticket);

-- One row a stay at one service.
CREATE TABLE legs (
  segment       INTEGER NOT NULL REFERENCES segments (no),
  ticket        INTEGER NOT NULL,
  leg           INTEGER NOT NULL,  -- 0, 1, 2 …
  service       TEXT    NOT NULL,
  reserved      TEXT,              -- waits for this counter only
  counter       TEXT,              -- who called it last
  clerk         TEXT,
  misses        INTEGER NOT NULL DEFAULT 0,
  joined_at_ms  INTEGER NOT NULL,
  called_at_ms  INTEGER,
  started_at_ms INTEGER,
  ended_at_ms   INTEGER,
  "end"         TEXT,
  PRIMARY KEY (segment, ticket, leg)
) STRICT, WITHOUT ROWID;

-- Every call, with the rule that chose it and who was passed over.
CREATE TABLE calls (
  segment INTEGER NOT NULL REFERENCES segments (no),
  ticket  INTEGER NOT NULL,
  rev     INTEGER NOT NULL,
  at_ms   INTEGER NOT NULL,
  service TEXT    NOT NULL,
  counter TEXT,
  "by"    TEXT    NOT NULL,
  why     TEXT    NOT NULL,        -- JSON
  PRIMARY KEY (segment, ticket, rev)
) STRICT, WITHOUT ROWID;

-- Every wait that a customer was told, beside the wait it became.
CREATE TABLE forecasts (
  segment      INTEGER NOT NULL REFERENCES segments (no),
  ticket       INTEGER NOT NULL,
  day          TEXT    NOT NULL,
  service      TEXT    NOT NULL,
  class        TEXT    NOT NULL,
  low_min      INTEGER NOT NULL,
  high_min     INTEGER NOT NULL,
  told_at_ms   INTEGER NOT NULL,
  called_at_ms INTEGER,            -- NULL: never called
  waited_ms    INTEGER,
  kept         INTEGER,
  PRIMARY KEY (segment, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX forecasts_by_day ON forecasts (day);
