-- Of each relay the last batch of the ledger that was kept: one that comes again,
-- since nobody heard that it was kept, says nothing new.
CREATE TABLE relays (
  relay TEXT PRIMARY KEY, -- a name at random for each process
  batch INTEGER NOT NULL, -- its number, from 1
  at    INTEGER NOT NULL  -- microseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX relays_at ON relays (at);
