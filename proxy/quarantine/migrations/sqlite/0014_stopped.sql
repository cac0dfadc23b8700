-- A person has stopped the decision while it was carried out: nobody goes on
-- with it by themselves. When, 0: it was not stopped, or goes on again.
ALTER TABLE decisions ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;
