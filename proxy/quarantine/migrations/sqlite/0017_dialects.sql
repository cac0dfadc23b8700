-- Queries that read the same in SQLite and in PostgreSQL need two things: the
-- incident of an audit entry as a column, which follows from what the entry's hash
-- covers, and indexes of names without their case.
DROP INDEX audit_incident;
ALTER TABLE audit ADD COLUMN incident TEXT GENERATED ALWAYS AS (coalesce(json_extract(detail, '$.incident'), '')) VIRTUAL;
CREATE INDEX audit_incident ON audit (incident) WHERE message = '';

DROP INDEX sessions_name;
DROP INDEX tokens_name;
CREATE UNIQUE INDEX accounts_lower ON accounts (lower(name));
CREATE INDEX sessions_lower ON sessions (lower(name));
CREATE INDEX tokens_lower ON tokens (lower(name));
