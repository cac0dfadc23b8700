-- Which run a delivery was sealed as one of is noted when it is moved, by whoever: an older
-- program would leave it to be opened as one of the other run, which fails.
CREATE TRIGGER delivery_moved AFTER UPDATE OF run ON deliveries WHEN OLD.sealed_run = '' AND NEW.run <> OLD.run BEGIN
  UPDATE deliveries SET sealed_run = OLD.run WHERE seq = NEW.seq;
END;
