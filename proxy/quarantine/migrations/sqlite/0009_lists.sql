-- What the lists and the overview show, kept up as messages come, so that none
-- of it is counted when it is read. The number follows the last one that stores
-- may have: files are applied in the order of their names.

-- Of the first copy, but for completeness: the least of all copies.
ALTER TABLE incidents ADD COLUMN message INTEGER NOT NULL DEFAULT 0; -- messages.seq
ALTER TABLE incidents ADD COLUMN sender BLOB NOT NULL DEFAULT x'';   -- keyed hashes
ALTER TABLE incidents ADD COLUMN sender_domain BLOB NOT NULL DEFAULT x'';
ALTER TABLE incidents ADD COLUMN fields TEXT NOT NULL DEFAULT '[]';
ALTER TABLE incidents ADD COLUMN completeness TEXT NOT NULL DEFAULT 'complete';
ALTER TABLE incidents ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
-- Copies of its run that left by their own verdict.
ALTER TABLE incidents ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;
-- Who has claimed it, '' for nobody; and what reviewers say of the hold.
ALTER TABLE incidents ADD COLUMN assigned TEXT NOT NULL DEFAULT '';
ALTER TABLE incidents ADD COLUMN mark TEXT NOT NULL DEFAULT '' CHECK (mark IN ('', 'right', 'wrong'));

UPDATE incidents SET (message, sender, sender_domain, fields, size) =
    (SELECT seq, sender_hash, sender_domain, fields, size FROM messages m
      WHERE m.incident = incidents.id ORDER BY received, seq LIMIT 1),
  completeness = (SELECT CASE WHEN total(completeness = 'unscanned') > 0 THEN 'unscanned'
      WHEN total(completeness = 'partial') > 0 THEN 'partial' ELSE 'complete' END FROM messages m WHERE m.incident = incidents.id),
  passed = coalesce((SELECT delivered FROM runs WHERE runs.key = incidents.key), 0)
  WHERE EXISTS (SELECT 1 FROM messages m WHERE m.incident = incidents.id);

-- One index for each order of the list, of all and of the open ones.
CREATE INDEX incidents_people ON incidents (subjects, seq);
CREATE INDEX incidents_people_open ON incidents (subjects, seq) WHERE open > 0;
CREATE INDEX incidents_copies ON incidents (copies, seq);
CREATE INDEX incidents_copies_open ON incidents (copies, seq) WHERE open > 0;
CREATE INDEX incidents_sender ON incidents (sender);
CREATE INDEX incidents_sender_domain ON incidents (sender_domain);
CREATE INDEX incidents_assigned ON incidents (assigned) WHERE assigned <> '';
CREATE INDEX messages_sha256 ON messages (sha256);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_by ON audit (by);
CREATE INDEX audit_act ON audit (act);
CREATE INDEX audit_incident ON audit (json_extract(detail, '$.incident')) WHERE message = '';

-- Messages that were judged, by the hour and by the day (since 1970, UTC).
CREATE TABLE hours (
  hour         INTEGER NOT NULL,
  action       TEXT NOT NULL, -- what was done: pass, tag, hold, reject or defer
  completeness TEXT NOT NULL,
  messages     INTEGER NOT NULL,
  PRIMARY KEY (hour, action, completeness)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_days (
  day      INTEGER NOT NULL,
  policy   TEXT NOT NULL,
  action   TEXT NOT NULL,
  messages INTEGER NOT NULL,
  PRIMARY KEY (day, policy, action)
) STRICT, WITHOUT ROWID;

INSERT INTO hours (hour, action, completeness, messages)
  SELECT at / 3600000000, action, iif(json_valid(exposure), coalesce(json_extract(exposure, '$.completeness'), ''), ''), count(*)
  FROM exposures GROUP BY 1, 2, 3;
INSERT INTO policy_days (day, policy, action, messages)
  SELECT at / 86400000000, policy, action, count(*) FROM exposures WHERE policy <> '' GROUP BY 1, 2, 3;

-- Incidents by the hour in which they began. kept are the people of those of
-- which no copy reached anybody.
CREATE TABLE incident_hours (
  hour      INTEGER PRIMARY KEY,
  incidents INTEGER NOT NULL DEFAULT 0,
  people    INTEGER NOT NULL DEFAULT 0,
  kept      INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO incident_hours (hour, incidents, people, kept)
  SELECT first / 3600000000, count(*), sum(subjects), sum(iif(delivered + passed = 0, subjects, 0)) FROM incidents GROUP BY 1;

CREATE TRIGGER incidents_inserted AFTER INSERT ON incidents BEGIN
  INSERT INTO incident_hours (hour, incidents, people, kept)
    VALUES (NEW.first / 3600000000, 1, NEW.subjects, NEW.subjects)
    ON CONFLICT (hour) DO UPDATE SET incidents = incidents + 1, people = people + excluded.people, kept = kept + excluded.kept;
END;

CREATE TRIGGER incidents_updated AFTER UPDATE OF subjects, delivered, passed ON incidents
  WHEN NEW.subjects <> OLD.subjects OR (NEW.delivered + NEW.passed = 0) <> (OLD.delivered + OLD.passed = 0) BEGIN
  UPDATE incident_hours SET people = people + NEW.subjects - OLD.subjects,
      kept = kept + iif(NEW.delivered + NEW.passed = 0, NEW.subjects, 0) - iif(OLD.delivered + OLD.passed = 0, OLD.subjects, 0)
    WHERE hour = NEW.first / 3600000000;
  UPDATE senders SET people = people + NEW.subjects - OLD.subjects WHERE sender = NEW.sender;
END;

-- Who sent what was held, by the keyed hash of the address, and how much of it
-- on each day. The name is in the sealed record of the last message.
CREATE TABLE senders (
  sender    BLOB PRIMARY KEY,
  messages  INTEGER NOT NULL, -- held, ever
  open      INTEGER NOT NULL, -- of them, those that are undecided
  incidents INTEGER NOT NULL,
  people    INTEGER NOT NULL DEFAULT 0, -- summed over incidents
  message   INTEGER NOT NULL, -- messages.seq of the last
  last      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sender_days (
  day      INTEGER NOT NULL,
  sender   BLOB NOT NULL,
  messages INTEGER NOT NULL,
  people   INTEGER NOT NULL, -- the most of one message
  PRIMARY KEY (day, sender)
) STRICT, WITHOUT ROWID;

INSERT INTO senders (sender, messages, open, incidents, people, message, last)
  SELECT sender_hash, count(*), sum(t.open), count(DISTINCT incident),
    coalesce((SELECT sum(subjects) FROM incidents i WHERE i.sender = sender_hash), 0), max(seq), max(received)
  FROM messages JOIN totals t USING (state) GROUP BY sender_hash;
INSERT INTO sender_days (day, sender, messages, people)
  SELECT received / 86400000000, sender_hash, count(*), max(subjects) FROM messages GROUP BY 1, 2;

CREATE INDEX senders_messages ON senders (messages, sender);
CREATE INDEX senders_people ON senders (people, sender);
CREATE INDEX senders_last ON senders (last, sender);

-- SQLite cannot alter a trigger, so those of the first version are written anew,
-- with what is kept up of senders and incidents besides.
DROP TRIGGER messages_inserted;
CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN
  UPDATE totals SET messages = messages + 1, bytes = bytes + NEW.size * NEW.stored
    WHERE state = NEW.state;
  INSERT INTO senders (sender, messages, open, incidents, message, last)
    VALUES (NEW.sender_hash, 1, (SELECT open FROM totals WHERE state = NEW.state),
      (SELECT copies = 0 FROM incidents WHERE id = NEW.incident), NEW.seq, NEW.received)
    ON CONFLICT (sender) DO UPDATE SET messages = messages + 1, open = open + excluded.open,
      incidents = incidents + excluded.incidents, message = excluded.message, last = max(last, excluded.last);
  INSERT INTO sender_days (day, sender, messages, people)
    VALUES (NEW.received / 86400000000, NEW.sender_hash, 1, NEW.subjects)
    ON CONFLICT (day, sender) DO UPDATE SET messages = messages + 1, people = max(people, excluded.people);
  UPDATE incidents SET copies = copies + 1, last = max(last, NEW.received),
      subjects = max(subjects, NEW.subjects),
      open = open + (SELECT t.open FROM totals t WHERE t.state = NEW.state),
      message = iif(copies = 0, NEW.seq, message),
      sender = iif(copies = 0, NEW.sender_hash, sender),
      sender_domain = iif(copies = 0, NEW.sender_domain, sender_domain),
      fields = iif(copies = 0, NEW.fields, fields),
      size = iif(copies = 0, NEW.size, size),
      completeness = CASE WHEN 'unscanned' IN (completeness, NEW.completeness) THEN 'unscanned'
        WHEN 'partial' IN (completeness, NEW.completeness) THEN 'partial' ELSE completeness END
    WHERE id = NEW.incident;
END;

DROP TRIGGER messages_updated;
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
  UPDATE senders SET
      open = open + (SELECT t.open FROM totals t WHERE t.state = NEW.state)
                  - (SELECT t.open FROM totals t WHERE t.state = OLD.state)
    WHERE sender = NEW.sender_hash AND NEW.state <> OLD.state;
END;

CREATE TRIGGER runs_inserted AFTER INSERT ON runs WHEN NEW.held = 1 BEGIN
  UPDATE incidents SET passed = NEW.delivered WHERE key = NEW.key AND key <> '' AND passed <> NEW.delivered;
END;

CREATE TRIGGER runs_updated AFTER UPDATE OF delivered, held ON runs WHEN NEW.held = 1 BEGIN
  UPDATE incidents SET passed = NEW.delivered WHERE key = NEW.key AND key <> '' AND passed <> NEW.delivered;
END;
