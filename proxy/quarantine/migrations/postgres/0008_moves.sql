-- Which run a delivery was sealed as one of is noted when it is moved, by whoever: an older
-- program would leave it to be opened as one of the other run, which fails.
CREATE FUNCTION delivery_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sealed_run := OLD.run;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_moved BEFORE UPDATE OF run ON deliveries FOR EACH ROW
  WHEN (OLD.sealed_run = '' AND NEW.run <> OLD.run) EXECUTE FUNCTION delivery_moved();
