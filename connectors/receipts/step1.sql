-- From the first schema to the second: what the gateway adds.
ALTER TABLE questions ADD COLUMN asker TEXT;

CREATE INDEX receipts_of_time ON receipts (time);

CREATE TABLE acknowledged (
    alarm INTEGER PRIMARY KEY REFERENCES alarms (id),
    time  INTEGER NOT NULL,
    note  TEXT NOT NULL
) STRICT;

-- Names that the ledger has taken after a restore, as a person accepted them.
CREATE TABLE IF NOT EXISTS origins (
    origin   TEXT PRIMARY KEY,
    previous TEXT NOT NULL,
    kept     INTEGER NOT NULL,   -- entries of the previous name below this index go on
    opening  BLOB NOT NULL,      -- canonical JSON: what the hub opened of its restores
    note     TEXT NOT NULL,      -- the checkpoint that includes them
    accepted INTEGER NOT NULL    -- milliseconds
) STRICT;

-- Entries that name us, as the hub opened them: certificates, connectors, grants, keys, restores.
CREATE TABLE IF NOT EXISTS opened (
    origin       TEXT NOT NULL,
    entry        INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    time         INTEGER NOT NULL, -- the leaf's, milliseconds
    leaf         BLOB NOT NULL,
    control      BLOB NOT NULL,    -- canonical JSON
    control_salt TEXT NOT NULL,
    told         INTEGER NOT NULL, -- 1 once a person was shown it
    PRIMARY KEY (origin, entry)
) STRICT;

-- Keys of the ledger's checkpoints beside the pinned one, believed by their certificates (DER).
CREATE TABLE IF NOT EXISTS log_keys (
    key         BLOB PRIMARY KEY,
    certificate BLOB NOT NULL,    -- empty for the pinned key, which needs none
    issuing     BLOB NOT NULL,
    learned     INTEGER NOT NULL, -- milliseconds
    ended       INTEGER NOT NULL  -- when a checkpoint was seen that it did not sign any more; or 0
) STRICT;
