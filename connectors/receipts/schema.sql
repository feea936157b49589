-- What a connector keeps to prove what it asked and what it was promised.
-- Values of answers are not kept; whom a question was about is, or nothing could be proven.

CREATE TABLE IF NOT EXISTS questions (
    request_id TEXT PRIMARY KEY,
    operation  TEXT NOT NULL,
    dataset    TEXT NOT NULL,
    body       BLOB NOT NULL,   -- the canonical question as it was signed
    asked      INTEGER NOT NULL -- milliseconds
) STRICT;

-- Our own certificates, for the signatures below.
CREATE TABLE IF NOT EXISTS certificates (keyid TEXT PRIMARY KEY, der BLOB NOT NULL) STRICT;

-- Every attempt that left, written before it left.
CREATE TABLE IF NOT EXISTS attempts (
    request    TEXT PRIMARY KEY, -- R
    request_id TEXT NOT NULL REFERENCES questions (request_id),
    keyid      TEXT NOT NULL REFERENCES certificates (keyid),
    base       BLOB NOT NULL,
    signature  BLOB NOT NULL,
    created    INTEGER NOT NULL  -- seconds
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_of_question ON attempts (request_id);

-- Receipt keys with their chains, DER.
CREATE TABLE IF NOT EXISTS keys (kid TEXT PRIMARY KEY, certificate BLOB NOT NULL, issuing BLOB NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS receipts (
    entry      INTEGER NOT NULL,
    origin     TEXT NOT NULL,
    request    TEXT NOT NULL REFERENCES attempts (request),
    request_id TEXT NOT NULL REFERENCES questions (request_id),
    token      TEXT NOT NULL,
    kid        TEXT NOT NULL REFERENCES keys (kid),
    status     INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    leaf       BLOB NOT NULL,
    leaf_hash  BLOB NOT NULL,
    opening    BLOB NOT NULL,    -- canonical JSON
    time       INTEGER NOT NULL, -- the leaf's, milliseconds
    state      TEXT NOT NULL CHECK (state IN ('received', 'proven', 'alarm')),
    proof      BLOB,             -- 32-byte hashes, one after the other
    checkpoint TEXT,             -- the signed note that the proof leads to
    PRIMARY KEY (origin, entry)
) STRICT;
CREATE INDEX IF NOT EXISTS receipts_of_question ON receipts (request_id);
CREATE INDEX IF NOT EXISTS receipts_pending ON receipts (entry) WHERE state <> 'proven';

-- The newest checkpoint that we have seen of each ledger.
CREATE TABLE IF NOT EXISTS checkpoints (
    origin TEXT PRIMARY KEY,
    size   INTEGER NOT NULL,
    note   TEXT NOT NULL,
    seen   INTEGER NOT NULL
) STRICT;

-- What did not prove what it should have proven, with everything that shows it.
CREATE TABLE IF NOT EXISTS alarms (
    id         INTEGER PRIMARY KEY,
    time       INTEGER NOT NULL,
    code       TEXT NOT NULL,
    why        TEXT NOT NULL,
    request_id TEXT,
    evidence   BLOB NOT NULL
) STRICT;
