-- What any number of relays know together of runs and senders.

-- What each relay has had of a run, added up in runs. relay is '' for what was
-- there before.
CREATE TABLE run_shares (
  run       text COLLATE "C" NOT NULL,
  relay     text COLLATE "C" NOT NULL, -- a name at random for each process
  copies    bigint NOT NULL,
  delivered bigint NOT NULL,
  PRIMARY KEY (run, relay)
);
INSERT INTO run_shares (run, relay, copies, delivered) SELECT key, '', copies, delivered FROM runs;

ALTER TABLE runs ADD COLUMN writes bigint NOT NULL DEFAULT 1; -- how often it was written
ALTER TABLE runs ADD COLUMN keys bigint NOT NULL DEFAULT 0;   -- number of its last entry in run_keys

-- Of each sender how many of its runs were held, and the number of its last entry
-- in run_keys.
CREATE TABLE sender_runs (
  sender text COLLATE "C" PRIMARY KEY,
  held   bigint NOT NULL,
  keys   bigint NOT NULL,
  last   bigint NOT NULL -- microseconds
);
CREATE INDEX sender_runs_last ON sender_runs (last);

-- What a sender usually sends, as each relay has seen it: numbers and formats.
CREATE TABLE sender_usual (
  sender text COLLATE "C" NOT NULL,
  relay  text COLLATE "C" NOT NULL,
  at     bigint NOT NULL, -- microseconds
  shape  bytea NOT NULL,    -- JSON
  PRIMARY KEY (sender, relay)
);
CREATE INDEX sender_usual_at ON sender_usual (at);

-- People and recipients of runs and of senders' windows, by hashes, sealed with
-- the store's secret.
CREATE TABLE run_keys (
  owner  text COLLATE "C" NOT NULL, -- 'run ' or 'sender ' and its name
  number bigint NOT NULL,
  at     bigint NOT NULL, -- microseconds
  sealed bytea NOT NULL,
  PRIMARY KEY (owner, number)
);
CREATE INDEX run_keys_at ON run_keys (at);
