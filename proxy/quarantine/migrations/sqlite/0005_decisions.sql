-- Decisions about whole incidents, which are carried out message by message. At
-- most one of an incident is not ended.
CREATE TABLE decisions (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  incident TEXT NOT NULL REFERENCES incidents (id),
  action   TEXT NOT NULL CHECK (action IN ('release', 'refuse', 'delete')),
  state    TEXT NOT NULL CHECK (state IN ('awaiting', 'running', 'ended', 'withdrawn')),
  by       TEXT NOT NULL,
  reason   TEXT NOT NULL,
  approver TEXT NOT NULL DEFAULT '',
  sealed   BLOB NOT NULL, -- which messages and recipients
  made     INTEGER NOT NULL,
  ended    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX decisions_open ON decisions (incident) WHERE state IN ('awaiting', 'running');
CREATE INDEX decisions_incident ON decisions (incident);
