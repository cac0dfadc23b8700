-- Runs, to whom their copies went, and what each message would have exposed.

-- The messages of one sender that share their content. sender is a hash.
CREATE TABLE runs (
  key       TEXT PRIMARY KEY, -- that of incidents and messages
  sender    TEXT NOT NULL,
  print     BLOB NOT NULL,    -- by which further copies are known
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  copies    INTEGER NOT NULL, -- all that came
  delivered INTEGER NOT NULL, -- that the upstream accepted by their own verdict
  subjects  INTEGER NOT NULL, -- distinct people of all copies
  held      INTEGER NOT NULL, -- 1: some copy was to be held
  policy    TEXT NOT NULL,    -- of that copy, and what its client was told
  answer    TEXT NOT NULL,
  incident  TEXT NOT NULL     -- that copies are kept in now, '' for none
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_sender ON runs (sender, last);
CREATE INDEX runs_last ON runs (last);

-- Recipients of copies that the upstream accepted.
CREATE TABLE deliveries (
  seq     INTEGER PRIMARY KEY,
  run     TEXT NOT NULL,
  at      INTEGER NOT NULL,
  address BLOB NOT NULL, -- keyed hash
  sealed  BLOB NOT NULL  -- the address
) STRICT;

CREATE INDEX deliveries_run ON deliveries (run);

-- What messages would have exposed: numbers only, for trying policies on.
CREATE TABLE exposures (
  seq        INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  sender     TEXT NOT NULL,
  run        TEXT NOT NULL,
  action     TEXT NOT NULL,
  policy     TEXT NOT NULL,
  version    TEXT NOT NULL, -- of rules and policies
  exposure   TEXT NOT NULL, -- JSON
  recipients INTEGER NOT NULL,
  bytes      INTEGER NOT NULL
) STRICT;

CREATE INDEX exposures_at ON exposures (at);
