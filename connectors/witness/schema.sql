-- What a witness must not forget: for each log the largest tree that it has cosigned.

CREATE TABLE IF NOT EXISTS logs (
    origin TEXT NOT NULL,
    vkey   TEXT NOT NULL,      -- a key of that log; it has several while keys change
    PRIMARY KEY (origin, vkey)
) STRICT;

CREATE TABLE IF NOT EXISTS checkpoints (
    origin TEXT PRIMARY KEY,
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL,
    note   TEXT NOT NULL,      -- with the log's signatures and our cosignature
    time   INTEGER NOT NULL    -- of the cosignature, milliseconds
) STRICT;

-- Checkpoints that the log signed and that do not continue the one above: evidence.
CREATE TABLE IF NOT EXISTS refused (
    origin TEXT NOT NULL,
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL,
    why    TEXT NOT NULL,
    note   TEXT NOT NULL,
    kept   TEXT NOT NULL,      -- what we had cosigned before
    time   INTEGER NOT NULL,
    PRIMARY KEY (origin, size, root)
) STRICT;
