-- Times are microseconds since 1970 (UTC). Lists without an index are JSON.
-- Content is not here: it is in content/ab/<id>.eml for every row whose
-- stored is 1.

-- What each state holds, kept by triggers, so that the size of the store is
-- known without counting. Its rows are also the only states there are; open
-- says whether somebody has still to decide.
CREATE TABLE totals (
  state    TEXT PRIMARY KEY,
  open     INTEGER NOT NULL,
  messages INTEGER NOT NULL DEFAULT 0,
  bytes    INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO totals (state, open) VALUES
  ('held', 1), ('releasing', 1), ('partly_released', 1), ('release_failed', 1),
  ('released', 0), ('refused', 0), ('deleted', 0), ('expired', 0);

CREATE TABLE incidents (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  id        TEXT NOT NULL UNIQUE,
  key       TEXT NOT NULL,
  policy    TEXT NOT NULL,
  copies    INTEGER NOT NULL DEFAULT 0,
  open      INTEGER NOT NULL DEFAULT 0, -- copies somebody has still to decide
  delivered INTEGER NOT NULL DEFAULT 0, -- copies that reached a recipient
  subjects  INTEGER NOT NULL DEFAULT 0,
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL
) STRICT;

CREATE INDEX incidents_key ON incidents (key, last) WHERE key <> '';
CREATE INDEX incidents_policy ON incidents (policy);
CREATE INDEX incidents_open ON incidents (open > 0);

CREATE TABLE messages (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE,
  incident       TEXT NOT NULL REFERENCES incidents (id),
  incident_key   TEXT NOT NULL,
  state          TEXT NOT NULL REFERENCES totals (state),
  sender         TEXT NOT NULL,
  mail_params    TEXT NOT NULL, -- as on the wire, separated by one space
  action         TEXT NOT NULL,
  policy         TEXT NOT NULL,
  policy_version TEXT NOT NULL,
  subjects       INTEGER NOT NULL,
  records        INTEGER NOT NULL,
  fields         TEXT NOT NULL,
  reasons        TEXT NOT NULL,
  completeness   TEXT NOT NULL,
  evidence       TEXT NOT NULL,
  size           INTEGER NOT NULL,
  sha256         TEXT NOT NULL,
  stored         INTEGER NOT NULL DEFAULT 1, -- 0: the content was removed
  reached        INTEGER NOT NULL DEFAULT 0, -- recipients it was released to
  client         TEXT NOT NULL,
  auth           TEXT NOT NULL,
  received       INTEGER NOT NULL,
  expires        INTEGER NOT NULL, -- 0: never
  decided_by     TEXT NOT NULL DEFAULT '',
  decided        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX messages_received ON messages (received);
CREATE INDEX messages_state ON messages (state, received);
CREATE INDEX messages_policy ON messages (policy, received);
CREATE INDEX messages_sender ON messages (sender, received);
CREATE INDEX messages_incident ON messages (incident, received);

CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN
  UPDATE totals SET messages = messages + 1, bytes = bytes + NEW.size * NEW.stored
    WHERE state = NEW.state;
  UPDATE incidents SET copies = copies + 1, last = max(last, NEW.received),
      subjects = max(subjects, NEW.subjects),
      open = open + (SELECT t.open FROM totals t WHERE t.state = NEW.state)
    WHERE id = NEW.incident;
END;

CREATE TRIGGER messages_updated AFTER UPDATE OF state, stored, reached ON messages BEGIN
  UPDATE totals SET messages = messages - 1, bytes = bytes - OLD.size * OLD.stored
    WHERE state = OLD.state;
  UPDATE totals SET messages = messages + 1, bytes = bytes + NEW.size * NEW.stored
    WHERE state = NEW.state;
  UPDATE incidents SET
      open = open + (SELECT t.open FROM totals t WHERE t.state = NEW.state)
                  - (SELECT t.open FROM totals t WHERE t.state = OLD.state),
      delivered = delivered + (NEW.reached > 0) - (OLD.reached > 0)
    WHERE id = NEW.incident;
END;

-- One attempt to release a message. It is under way until it has ended, or
-- until its lease has.
CREATE TABLE releases (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  message INTEGER NOT NULL REFERENCES messages (seq),
  by      TEXT NOT NULL,
  reason  TEXT NOT NULL,
  begun   INTEGER NOT NULL,
  lease   INTEGER NOT NULL,
  ended   INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'settled', 'lapsed'))
) STRICT;

CREATE INDEX releases_open ON releases (lease) WHERE ended = 0;
CREATE INDEX releases_message ON releases (message);

CREATE TABLE recipients (
  message INTEGER NOT NULL REFERENCES messages (seq),
  place   INTEGER NOT NULL, -- from 1, in the order of the envelope
  address TEXT NOT NULL,
  params  TEXT NOT NULL, -- as on the wire, separated by one space
  state   TEXT NOT NULL DEFAULT 'held' CHECK (state IN
            ('held', 'sending', 'released', 'refused', 'deferred', 'unknown')),
  reply   TEXT NOT NULL DEFAULT '',
  release INTEGER REFERENCES releases (seq), -- the last attempt
  PRIMARY KEY (message, place),
  UNIQUE (message, address)
) STRICT, WITHOUT ROWID;

-- Who did what, when and why. hash covers every other column and the hash of
-- the entry before it.
CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  message TEXT NOT NULL,
  act     TEXT NOT NULL,
  by      TEXT NOT NULL,
  reason  TEXT NOT NULL,
  detail  TEXT NOT NULL,
  hash    BLOB NOT NULL
) STRICT;

CREATE INDEX audit_message ON audit (message);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
