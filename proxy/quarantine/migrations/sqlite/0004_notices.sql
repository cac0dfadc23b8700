-- Notices that are to be sent, and which were: a key is used once.
CREATE TABLE notices (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  key      TEXT NOT NULL UNIQUE, -- of kinds and ids; names nobody
  channel  TEXT NOT NULL,
  sealed   BLOB NOT NULL,        -- empty once it has gone
  posted   INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next     INTEGER NOT NULL,     -- when it is due, or the end of a lease
  ended    INTEGER NOT NULL DEFAULT 0,
  result   TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX notices_due ON notices (next) WHERE ended = 0;
CREATE INDEX notices_ended ON notices (ended) WHERE ended > 0;

-- The code of the reply that the client was given: who was answered 250 must
-- hear of it when the message is not delivered (RFC 5321 section 6.1).
ALTER TABLE messages ADD COLUMN answered INTEGER NOT NULL DEFAULT 250;

-- Digests ask for what was decided lately.
CREATE INDEX messages_decided ON messages (decided) WHERE decided > 0;
