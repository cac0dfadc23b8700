-- Of each relay the last batch of the ledger that was kept: one that comes again,
-- since nobody heard that it was kept, says nothing new.
CREATE TABLE relays (
  relay text COLLATE "C" PRIMARY KEY, -- a name at random for each process
  batch bigint NOT NULL,              -- its number, from 1
  at    bigint NOT NULL               -- microseconds
) WITH (fillfactor = 70);
CREATE INDEX relays_at ON relays (at);
