-- The run that a delivery was sealed as one of, where it was moved to another; else ''.
ALTER TABLE deliveries ADD COLUMN sealed_run TEXT NOT NULL DEFAULT '';
