-- What a connector keeps to prove what it asked and what it was promised.
-- Values of answers are not kept; whom a question was about is, or nothing could be proven.

CREATE TABLE IF NOT EXISTS questions (
    request_id TEXT PRIMARY KEY,
    operation  TEXT NOT NULL,
    dataset    TEXT NOT NULL,
    body       BLOB NOT NULL,   -- the canonical question as it was signed
    asked      INTEGER NOT NULL, -- milliseconds
    asker      TEXT              -- the gateway's key under which it came in
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
    created    INTEGER NOT NULL, -- seconds
    round      INTEGER NOT NULL DEFAULT 0 -- above 0: R of a round of a case that this attempt stands for
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_of_question ON attempts (request_id);

-- Cases, as each request of ours that had one decided left it: what its entries must name.
CREATE TABLE IF NOT EXISTS cases (
    request_id TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL,    -- empty until the hub has named it
    officer    TEXT NOT NULL,
    asked      BLOB NOT NULL,    -- canonical JSON: services, number, purpose, parties, given
    version    INTEGER NOT NULL  -- the newest that we were told; 0 until it was answered
) STRICT;
CREATE INDEX IF NOT EXISTS cases_by_name ON cases (case_id);

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
    entries    INTEGER NOT NULL DEFAULT 1, -- of a batch: so many from 'entry' on; its openings packed
    PRIMARY KEY (origin, entry)
) STRICT;
CREATE INDEX IF NOT EXISTS receipts_of_question ON receipts (request_id);
CREATE INDEX IF NOT EXISTS receipts_of_time ON receipts (time);
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

-- Alarms that somebody has looked into: they no longer hold anything up, and stay on record.
CREATE TABLE IF NOT EXISTS acknowledged (
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
