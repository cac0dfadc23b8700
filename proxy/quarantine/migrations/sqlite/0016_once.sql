-- What programs asked for under a key of theirs, so that asking again does
-- nothing again. Neither the key nor what was asked for can be read from it.
CREATE TABLE once (
  key BLOB PRIMARY KEY, -- SHA-256 of who asked and the key
  digest BLOB NOT NULL, -- SHA-256 of what was asked for
  at INTEGER NOT NULL, -- microseconds
  answer BLOB -- NULL: it is under way
) WITHOUT ROWID, STRICT;
CREATE INDEX once_at ON once (at);
