-- From the second schema to the third: receipts of several entries.
ALTER TABLE receipts ADD COLUMN entries INTEGER NOT NULL DEFAULT 1
