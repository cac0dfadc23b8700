-- What names people is sealed, and content is kept in chunks, each once.
--
-- The step in Go behind this file (see seal002) seals what was plain, and then
-- drops the old columns. Content held before stays in its file: plain is 1.

-- What the store needs to know of itself: "recipient" is the public key.
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys of records and chunks, each wrapped to the public key. A relay uses one
-- for some minutes.
CREATE TABLE keys (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  wrapped BLOB NOT NULL,
  made    INTEGER NOT NULL
) STRICT;

-- sealed holds what names people; what is left of it in the clear are keyed
-- hashes of the sender's address and domain.
ALTER TABLE messages ADD COLUMN sealed BLOB NOT NULL DEFAULT x'';
ALTER TABLE messages ADD COLUMN sender_hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE messages ADD COLUMN sender_domain BLOB NOT NULL DEFAULT x'';
ALTER TABLE messages ADD COLUMN plain INTEGER NOT NULL DEFAULT 1; -- 1: content/ab/<id>.eml; 0: chunks
ALTER TABLE messages ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;  -- under legal hold: 1 by itself, 2 by its incident, 3 by both
ALTER TABLE messages ADD COLUMN warned INTEGER NOT NULL DEFAULT 0; -- warnings given of its expiry
ALTER TABLE incidents ADD COLUMN kept INTEGER NOT NULL DEFAULT 0; -- 1: and so is what joins it

CREATE INDEX messages_sender_hash ON messages (sender_hash, received);
CREATE INDEX messages_sender_domain ON messages (sender_domain, received);
CREATE INDEX messages_expires ON messages (state, expires) WHERE expires > 0 AND stored = 1 AND kept = 0;

-- Files of chunks: content/ab/<name>.pack.
CREATE TABLE packs (
  seq   INTEGER PRIMARY KEY AUTOINCREMENT,
  name  TEXT NOT NULL UNIQUE,
  bytes INTEGER NOT NULL,
  live  INTEGER NOT NULL DEFAULT 0 -- of them, those that are chunks' still
) STRICT;

CREATE INDEX packs_dead ON packs (live) WHERE live = 0;

-- A chunk is stored once, in a pack or, where a message brought only little
-- that is new, here. Without its secret its bytes are noise.
CREATE TABLE chunks (
  seq    INTEGER PRIMARY KEY AUTOINCREMENT,
  id     BLOB NOT NULL UNIQUE,  -- keyed hash of the plain bytes
  size   INTEGER NOT NULL,      -- of the plain bytes
  key    INTEGER NOT NULL,      -- of the secret: keys.seq
  secret BLOB NOT NULL,         -- the chunk's own key, sealed
  pack   INTEGER REFERENCES packs (seq),
  place  INTEGER NOT NULL DEFAULT 0, -- of its first byte in the pack
  length INTEGER NOT NULL,      -- as stored
  data   BLOB                   -- where there is no pack
) STRICT;

CREATE INDEX chunks_pack ON chunks (pack);

-- What a message consists of: chunks first to last, in the order of place.
-- The only reference to chunks; what no piece covers is removed.
CREATE TABLE pieces (
  message INTEGER NOT NULL REFERENCES messages (seq),
  stream  INTEGER NOT NULL, -- 0: content, 1: evidence
  place   INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL CHECK (last >= first),
  PRIMARY KEY (message, stream, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX pieces_chunks ON pieces (first, last);

-- Bytes of content as stored, and how many chunks were ever removed; one row,
-- kept by triggers.
CREATE TABLE volume (
  bytes   INTEGER NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO volume (bytes) SELECT coalesce(sum(size), 0) FROM messages WHERE stored = 1;

CREATE TRIGGER packs_inserted AFTER INSERT ON packs BEGIN
  UPDATE volume SET bytes = bytes + NEW.bytes;
END;

CREATE TRIGGER packs_deleted AFTER DELETE ON packs BEGIN
  UPDATE volume SET bytes = bytes - OLD.bytes;
END;

CREATE TRIGGER chunks_inserted AFTER INSERT ON chunks BEGIN
  UPDATE volume SET bytes = bytes + NEW.length WHERE NEW.pack IS NULL;
  UPDATE packs SET live = live + NEW.length WHERE seq = NEW.pack;
END;

CREATE TRIGGER chunks_deleted AFTER DELETE ON chunks BEGIN
  UPDATE volume SET bytes = bytes - iif(OLD.pack IS NULL, OLD.length, 0), removed = removed + 1;
  UPDATE packs SET live = live - OLD.length WHERE seq = OLD.pack;
END;

CREATE TRIGGER chunks_moved AFTER UPDATE OF pack ON chunks BEGIN
  UPDATE packs SET live = live - OLD.length WHERE seq = OLD.pack;
  UPDATE packs SET live = live + NEW.length WHERE seq = NEW.pack;
END;

CREATE TRIGGER plain_removed AFTER UPDATE OF stored, plain ON messages
  WHEN OLD.stored * OLD.plain > NEW.stored * NEW.plain BEGIN
  UPDATE volume SET bytes = bytes - OLD.size;
END;

-- Recipients without their addresses, which are sealed.
CREATE TABLE recipients_sealed (
  message INTEGER NOT NULL REFERENCES messages (seq),
  place   INTEGER NOT NULL, -- from 1, in the order of the envelope
  address BLOB NOT NULL,    -- keyed hashes
  domain  BLOB NOT NULL,
  state   TEXT NOT NULL DEFAULT 'held' CHECK (state IN
            ('held', 'sending', 'released', 'refused', 'deferred', 'unknown')),
  reply   TEXT NOT NULL DEFAULT '',
  release INTEGER REFERENCES releases (seq), -- the last attempt
  PRIMARY KEY (message, place)
) STRICT, WITHOUT ROWID;
