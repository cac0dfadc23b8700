-- Who may use the console and the API. Nothing here lets anybody in by itself:
-- there are hashes of passwords, of cookies and of tokens only, but for the
-- secret of a second factor, which the server has to know (RFC 6238).
CREATE TABLE accounts (
  name     TEXT PRIMARY KEY COLLATE NOCASE,
  role     TEXT NOT NULL,
  password TEXT NOT NULL,             -- argon2id in the PHC string format (RFC 9106)
  totp     TEXT NOT NULL DEFAULT '',  -- base32; '' without a second factor
  step     INTEGER NOT NULL DEFAULT 0, -- the last time step that let somebody in
  disabled INTEGER NOT NULL DEFAULT 0,
  created  INTEGER NOT NULL,
  seen     INTEGER NOT NULL DEFAULT 0 -- last log-in
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  hash    BLOB PRIMARY KEY,           -- SHA-256 of the cookie
  name    TEXT NOT NULL COLLATE NOCASE,
  role    TEXT NOT NULL,              -- that of the account counts where there is one
  method  TEXT NOT NULL,
  created INTEGER NOT NULL,
  seen    INTEGER NOT NULL,
  ends    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_name ON sessions (name);
CREATE INDEX sessions_ends ON sessions (ends);

CREATE TABLE tokens (
  id      TEXT PRIMARY KEY,
  hash    BLOB NOT NULL UNIQUE,       -- SHA-256 of the whole token
  name    TEXT NOT NULL COLLATE NOCASE, -- whose it is
  role    TEXT NOT NULL,              -- that of the account counts where there is one
  scope   TEXT NOT NULL,              -- JSON: the rights that it has
  label   TEXT NOT NULL,
  created INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  used    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_name ON tokens (name);
