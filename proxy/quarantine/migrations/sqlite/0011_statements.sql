-- SQLite keeps the pages that a statement and its triggers change until it ends,
-- and makes a file for them past 64 KiB: with each message that was held. So
-- what belongs to its sender and to the first copy of its incident are
-- statements of their own (see insertMessage and incidentFor), and indexes that
-- every message was written to for rare questions are gone.
DROP INDEX messages_sha256;
DROP INDEX senders_messages;
DROP INDEX senders_people;
DROP INDEX senders_last;
DROP INDEX audit_by;
DROP INDEX audit_act;
-- Without what each message has an entry of.
CREATE INDEX audit_by ON audit (by) WHERE by <> 'bulkhead';
CREATE INDEX audit_act ON audit (act) WHERE act <> 'held';

DROP TRIGGER messages_inserted;
CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN
  UPDATE totals SET messages = messages + 1, bytes = bytes + NEW.size * NEW.stored
    WHERE state = NEW.state;
  UPDATE incidents SET copies = copies + 1, last = max(last, NEW.received),
      open = open + (SELECT t.open FROM totals t WHERE t.state = NEW.state),
      message = iif(copies = 0, NEW.seq, message),
      completeness = CASE WHEN 'unscanned' IN (completeness, NEW.completeness) THEN 'unscanned'
        WHEN 'partial' IN (completeness, NEW.completeness) THEN 'partial' ELSE completeness END
    WHERE id = NEW.incident;
  UPDATE incidents SET subjects = NEW.subjects WHERE id = NEW.incident AND subjects < NEW.subjects;
END;
