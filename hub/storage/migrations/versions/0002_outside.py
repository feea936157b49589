"""What outsiders check, what is erased, and keys that change.

``ledger_origins`` names the log; ``openable`` finds the entries that departments may have opened;
``cosigned`` and ``witnesses`` hold what witnesses said; ``signing_keys`` and ``kept_keys`` outlive
each key's own time; ``holds`` keep entries from being erased, and ``erasures`` says how far each
erasure has come.
"""

from alembic import op

from hub.errors import StorageRefused

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE ledger_origins (
        number INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        time INTEGER NOT NULL,
        note TEXT,
        copied INTEGER NOT NULL
    )
    """,
    "INSERT INTO ledger_origins VALUES (1, 0, 0, NULL, 1)",
    "ALTER TABLE ledger_head ADD COLUMN stopped TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE checkpoints ADD COLUMN time INTEGER NOT NULL DEFAULT 0",
    """
    CREATE TABLE openable (
        department TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (department, position)
    ) WITHOUT ROWID
    """,
    # What was entered before this table was there; of what, says ``hub/ledger/openable.py``.
    """
    INSERT INTO openable
    WITH changes AS MATERIALIZED (
        SELECT position, json_extract(CAST(leaf AS TEXT), '$.kind') AS kind,
            json_extract(CAST(control AS TEXT), '$.state') AS state
        FROM entries
        WHERE json_extract(CAST(leaf AS TEXT), '$.kind')
            IN ('certificate', 'connector', 'grant', 'key')
    )
    SELECT '', position FROM changes WHERE kind = 'key'
    UNION SELECT c.department, e.position FROM changes e JOIN connectors c
        ON c.urn = json_extract(e.state, '$.connector') WHERE e.kind = 'certificate'
    UNION SELECT c.department, e.position FROM changes e JOIN connectors c
        ON c.urn = json_extract(e.state, '$.urn') WHERE e.kind = 'connector'
    UNION SELECT json_extract(state, '$.department'), position FROM changes WHERE kind = 'grant'
    UNION SELECT d.department, e.position FROM changes e JOIN datasets d
        ON d.code = json_extract(e.state, '$.dataset') WHERE e.kind = 'grant'
    """,
    """
    CREATE TABLE cosigned (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        size INTEGER NOT NULL,
        root BLOB NOT NULL,
        note TEXT NOT NULL,
        time INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE witnesses (
        name TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        time INTEGER NOT NULL,
        trouble TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE signing_keys (
        id VARCHAR NOT NULL PRIMARY KEY,
        use VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER,
        certificate BLOB,
        issuing BLOB,
        copied INTEGER
    )
    """,
    """
    CREATE TABLE kept_keys (
        label VARCHAR NOT NULL PRIMARY KEY,
        wrapped BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE holds (
        id TEXT PRIMARY KEY,
        status TEXT NOT NULL,
        state TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE erasures (
        position INTEGER PRIMARY KEY,
        retention TEXT NOT NULL,
        month TEXT NOT NULL,
        listed INTEGER NOT NULL,
        done INTEGER NOT NULL,
        completed INTEGER
    )
    """,
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")
