-- What runs have become part of, so that the share of a relay that has gone before it
-- took it there is taken by others.
CREATE TABLE run_heirs (
  run  text COLLATE "C" PRIMARY KEY,
  heir text COLLATE "C" NOT NULL,
  at   bigint NOT NULL -- microseconds
);
CREATE INDEX run_heirs_at ON run_heirs (at);

-- Until when whoever carries out a decision has it; others take it up after that.
ALTER TABLE decisions ADD COLUMN lease bigint NOT NULL DEFAULT 0;

-- Of a sender's runs those that are held are counted here and not by who writes them:
-- an older program does not.
CREATE FUNCTION run_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sender_runs (sender, held, keys, last) VALUES (NEW.sender, 1, 0, NEW.last)
    ON CONFLICT (sender) DO UPDATE SET held = sender_runs.held + 1, last = greatest(sender_runs.last, excluded.last);
  RETURN NULL;
END $$;
CREATE TRIGGER runs_held_inserted AFTER INSERT ON runs FOR EACH ROW WHEN (NEW.held = 1) EXECUTE FUNCTION run_held();
CREATE TRIGGER runs_held_updated AFTER UPDATE OF held ON runs FOR EACH ROW WHEN (NEW.held = 1 AND OLD.held = 0) EXECUTE FUNCTION run_held();
