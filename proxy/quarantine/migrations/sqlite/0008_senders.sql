-- Senders had unkeyed hashes as names, which a list of addresses can be tried
-- on. Their names are hashed once more, with the store's key.
CREATE TABLE sender_names (
  old TEXT PRIMARY KEY,
  new TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

INSERT INTO sender_names (old) SELECT sender FROM runs UNION SELECT sender FROM exposures;

-- Held runs of a sender come first, and then the last ones.
DROP INDEX runs_sender;
CREATE INDEX runs_sender ON runs (sender, held, last);
