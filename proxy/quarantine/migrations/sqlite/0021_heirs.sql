-- What runs have become part of, so that the share of a relay that has gone before it
-- took it there is taken by others.
CREATE TABLE run_heirs (
  run  TEXT PRIMARY KEY,
  heir TEXT NOT NULL,
  at   INTEGER NOT NULL -- microseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX run_heirs_at ON run_heirs (at);

-- Until when whoever carries out a decision has it; others take it up after that.
ALTER TABLE decisions ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;

-- Of a sender's runs those that are held are counted here and not by who writes them:
-- an older program does not.
CREATE TRIGGER runs_held_inserted AFTER INSERT ON runs WHEN NEW.held = 1 BEGIN
  INSERT INTO sender_runs (sender, held, keys, last) VALUES (NEW.sender, 1, 0, NEW.last)
    ON CONFLICT (sender) DO UPDATE SET held = sender_runs.held + 1, last = max(sender_runs.last, excluded.last);
END;
CREATE TRIGGER runs_held_updated AFTER UPDATE OF held ON runs WHEN NEW.held = 1 AND OLD.held = 0 BEGIN
  INSERT INTO sender_runs (sender, held, keys, last) VALUES (NEW.sender, 1, 0, NEW.last)
    ON CONFLICT (sender) DO UPDATE SET held = sender_runs.held + 1, last = max(sender_runs.last, excluded.last);
END;
