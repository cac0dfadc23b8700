-- Deliveries are kept in a part for each day, as exposures are: made by who writes the
-- first row of it, and dropped as a whole. Of a day that goes, what incidents name is
-- moved to deliveries_other, which has what was there before and what older programs
-- write, too.
ALTER TABLE deliveries RENAME TO deliveries_other;
ALTER INDEX deliveries_run RENAME TO deliveries_other_run_idx;
ALTER TABLE deliveries_other DROP CONSTRAINT deliveries_pkey;
ALTER TABLE deliveries_other ALTER COLUMN seq DROP IDENTITY;
ALTER TABLE deliveries_other ADD COLUMN day bigint NOT NULL DEFAULT 0; -- of at, since 1970, UTC; 0: other

CREATE TABLE deliveries (LIKE deliveries_other INCLUDING DEFAULTS) PARTITION BY RANGE (day);
CREATE SEQUENCE deliveries_seq OWNED BY deliveries.seq;
SELECT setval('deliveries_seq', (SELECT coalesce(max(seq), 0) + 1 FROM deliveries_other), false);
ALTER TABLE deliveries ALTER COLUMN seq SET DEFAULT nextval('deliveries_seq');
ALTER TABLE deliveries ATTACH PARTITION deliveries_other FOR VALUES FROM (MINVALUE) TO (1);
CREATE INDEX deliveries_run ON deliveries (run);
CREATE INDEX deliveries_number ON deliveries (seq);
