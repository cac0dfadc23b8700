-- SQLite enters an index at two columns at once, (copies, seq) < (?, ?), only
-- where the second is not the row's own number. Without it, a page deep among
-- incidents that are alike in the first would pass all of these. place is that
-- number under another name, and takes no space in the table.
ALTER TABLE incidents ADD COLUMN place INTEGER NOT NULL GENERATED ALWAYS AS (seq) VIRTUAL;

DROP INDEX incidents_people;
DROP INDEX incidents_people_open;
DROP INDEX incidents_copies;
DROP INDEX incidents_copies_open;
CREATE INDEX incidents_people ON incidents (subjects, place);
CREATE INDEX incidents_people_open ON incidents (subjects, place) WHERE open > 0;
CREATE INDEX incidents_copies ON incidents (copies, place);
CREATE INDEX incidents_copies_open ON incidents (copies, place) WHERE open > 0;
