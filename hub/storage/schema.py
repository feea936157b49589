"""The tables of the hot path, in SQL, beside the control plane's (``tables.py``).

Random keys are 63 bits of a digest: small rows in an integer-keyed table cost about half of what
a composite text key does. Two different nonces that share 63 bits would make the second look
replayed; nobody can bring that about without 2^63 tries, and it only refuses.
"""

NONCE_TABLES = 3
NONCE_WINDOW = 512
"""Seconds of ``expires`` that one nonce table holds: more than lifetime + 2 × skew, so that with
three tables the one that is emptied is never one in which a live nonce lies."""

STATEMENTS = (
    """
    CREATE TABLE ledger_head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        next INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        last_time INTEGER NOT NULL
    )
    """,
    "INSERT INTO ledger_head VALUES (1, 0, 0, 0)",
    """
    CREATE TABLE entries (
        position INTEGER PRIMARY KEY,
        leaf BLOB NOT NULL,
        control BLOB NOT NULL,
        salts BLOB NOT NULL,
        internal BLOB NOT NULL,
        person BLOB,
        person_key INTEGER NOT NULL
    )
    """,
    *(
        f"""
        CREATE TABLE nonces_{table} (
            id INTEGER PRIMARY KEY,
            attempt INTEGER NOT NULL
        )
        """
        for table in range(NONCE_TABLES)
    ),
    """
    CREATE TABLE nonce_windows (
        slot INTEGER PRIMARY KEY,
        window INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE questions (
        id INTEGER PRIMARY KEY,
        content BLOB NOT NULL,
        first INTEGER NOT NULL,
        time INTEGER NOT NULL,
        repeats INTEGER NOT NULL,
        charged INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE quotas (
        grant_id TEXT NOT NULL,
        day INTEGER NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (grant_id, day)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE mismatches (
        id INTEGER PRIMARY KEY,
        hour INTEGER NOT NULL,
        count INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE tiles (
        level INTEGER NOT NULL,
        position INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (level, position)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE checkpoints (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        size INTEGER NOT NULL,
        root BLOB NOT NULL,
        nodes BLOB NOT NULL,
        note TEXT NOT NULL
    )
    """,
)
