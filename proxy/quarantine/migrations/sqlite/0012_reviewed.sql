-- What people have seen of an incident and let go, kept up as copies come and
-- are decided: the brake asks for it with each later copy of the run, and would
-- otherwise read all of them each time.
ALTER TABLE incidents ADD COLUMN released INTEGER NOT NULL DEFAULT 0;  -- copies, to all of their recipients
ALTER TABLE incidents ADD COLUMN kinds TEXT NOT NULL DEFAULT '{}';     -- JSON: policies and fields of all copies

UPDATE incidents SET
  released = (SELECT count(*) FROM messages m WHERE m.incident = incidents.id AND (m.state = 'released'
    OR m.state = 'deleted' AND NOT EXISTS (SELECT 1 FROM recipients r WHERE r.message = m.seq AND r.state <> 'released'))),
  kinds = json_object(
    'policies', json((SELECT json_group_array(policy) FROM
      (SELECT DISTINCT policy FROM messages m WHERE m.incident = incidents.id ORDER BY policy))),
    'fields', json((SELECT json_group_array(value) FROM
      (SELECT DISTINCT f.value FROM messages m, json_each(m.fields) f WHERE m.incident = incidents.id AND f.type = 'text' ORDER BY f.value))));

-- What was released stays so when it is deleted.
CREATE TRIGGER messages_released AFTER UPDATE OF state ON messages
  WHEN (NEW.state = 'released') <> (OLD.state = 'released') AND NEW.state <> 'deleted' BEGIN
  UPDATE incidents SET released = released + iif(NEW.state = 'released', 1, -1) WHERE id = NEW.incident;
END;
