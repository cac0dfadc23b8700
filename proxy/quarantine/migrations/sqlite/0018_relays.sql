-- What any number of relays know together of runs and senders.

-- What each relay has had of a run, added up in runs. relay is '' for what was
-- there before.
CREATE TABLE run_shares (
  run       TEXT NOT NULL,
  relay     TEXT NOT NULL, -- a name at random for each process
  copies    INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  PRIMARY KEY (run, relay)
) STRICT, WITHOUT ROWID;
INSERT INTO run_shares (run, relay, copies, delivered) SELECT key, '', copies, delivered FROM runs;

ALTER TABLE runs ADD COLUMN writes INTEGER NOT NULL DEFAULT 1; -- how often it was written
ALTER TABLE runs ADD COLUMN keys INTEGER NOT NULL DEFAULT 0;   -- number of its last entry in run_keys

-- Of each sender how many of its runs were held, and the number of its last entry
-- in run_keys.
CREATE TABLE sender_runs (
  sender TEXT PRIMARY KEY,
  held   INTEGER NOT NULL,
  keys   INTEGER NOT NULL,
  last   INTEGER NOT NULL -- microseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX sender_runs_last ON sender_runs (last);

-- What a sender usually sends, as each relay has seen it: numbers and formats.
CREATE TABLE sender_usual (
  sender TEXT NOT NULL,
  relay  TEXT NOT NULL,
  at     INTEGER NOT NULL, -- microseconds
  shape  BLOB NOT NULL,    -- JSON
  PRIMARY KEY (sender, relay)
) STRICT, WITHOUT ROWID;
CREATE INDEX sender_usual_at ON sender_usual (at);

-- People and recipients of runs and of senders' windows, by hashes, sealed with
-- the store's secret.
CREATE TABLE run_keys (
  owner  TEXT NOT NULL, -- 'run ' or 'sender ' and its name
  number INTEGER NOT NULL,
  at     INTEGER NOT NULL, -- microseconds
  sealed BLOB NOT NULL,
  PRIMARY KEY (owner, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_keys_at ON run_keys (at);
