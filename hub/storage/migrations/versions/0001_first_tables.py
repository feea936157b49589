"""The first tables.

The control plane's as SQLModel describes them (``hub/storage/tables.py``), and those of the hot
path. Random keys there are 63 bits of a digest, so that rows stay small and the key is the row's
own number. Two nonces that share 63 bits would make the second look
replayed; nobody can bring that about without 2^63 tries, and it only refuses.
"""

from alembic import op

from hub.errors import StorageRefused

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CONTROL_PLANE = (
    """
    CREATE TABLE departments (
        code VARCHAR NOT NULL,
        title_zh VARCHAR NOT NULL,
        title_en VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        PRIMARY KEY (code)
    )
    """,
    """
    CREATE TABLE person_keys (
        id INTEGER NOT NULL,
        retention VARCHAR NOT NULL,
        month VARCHAR NOT NULL,
        wrapped BLOB,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE purposes (
        code VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        title_zh VARCHAR NOT NULL,
        title_en VARCHAR NOT NULL,
        basis VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        PRIMARY KEY (code)
    )
    """,
    """
    CREATE TABLE connectors (
        urn VARCHAR NOT NULL,
        department VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        PRIMARY KEY (urn),
        FOREIGN KEY(department) REFERENCES departments (code)
    )
    """,
    """
    CREATE TABLE datasets (
        code VARCHAR NOT NULL,
        department VARCHAR NOT NULL,
        definition BLOB NOT NULL,
        status VARCHAR NOT NULL,
        generation VARCHAR,
        version INTEGER NOT NULL,
        as_of INTEGER NOT NULL,
        PRIMARY KEY (code),
        FOREIGN KEY(department) REFERENCES departments (code)
    )
    """,
    """
    CREATE TABLE people (
        account VARCHAR NOT NULL,
        name VARCHAR NOT NULL,
        department VARCHAR,
        roles VARCHAR NOT NULL,
        password VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        sessions_from INTEGER NOT NULL,
        must_change BOOLEAN NOT NULL,
        PRIMARY KEY (account),
        FOREIGN KEY(department) REFERENCES departments (code)
    )
    """,
    """
    CREATE TABLE certificates (
        keyid VARCHAR NOT NULL,
        connector VARCHAR NOT NULL,
        der BLOB NOT NULL,
        line VARCHAR NOT NULL,
        not_before INTEGER NOT NULL,
        not_after INTEGER NOT NULL,
        status VARCHAR NOT NULL,
        PRIMARY KEY (keyid),
        FOREIGN KEY(connector) REFERENCES connectors (urn)
    )
    """,
    """
    CREATE INDEX ix_certificates_connector ON certificates (connector)
    """,
    """
    CREATE TABLE generations (
        name VARCHAR NOT NULL,
        dataset VARCHAR NOT NULL,
        keys BLOB NOT NULL,
        row_count INTEGER NOT NULL,
        digest VARCHAR NOT NULL,
        state VARCHAR NOT NULL,
        PRIMARY KEY (name),
        FOREIGN KEY(dataset) REFERENCES datasets (code)
    )
    """,
    """
    CREATE INDEX ix_generations_dataset ON generations (dataset)
    """,
    """
    CREATE TABLE grants (
        id VARCHAR NOT NULL,
        department VARCHAR NOT NULL,
        dataset VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        status VARCHAR NOT NULL,
        state VARCHAR NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(department) REFERENCES departments (code),
        FOREIGN KEY(dataset) REFERENCES datasets (code)
    )
    """,
    """
    CREATE INDEX ix_grants_department ON grants (department)
    """,
    """
    CREATE INDEX ix_grants_dataset ON grants (dataset)
    """,
    """
    CREATE TABLE invitations (
        token_digest VARCHAR NOT NULL,
        connector VARCHAR NOT NULL,
        expires INTEGER NOT NULL,
        used INTEGER,
        keyid VARCHAR,
        PRIMARY KEY (token_digest),
        FOREIGN KEY(connector) REFERENCES connectors (urn)
    )
    """,
    """
    CREATE TABLE marks (
        pseudonym BLOB NOT NULL,
        dataset VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        PRIMARY KEY (pseudonym),
        FOREIGN KEY(dataset) REFERENCES datasets (code)
    )
    """,
    """
    CREATE INDEX ix_marks_dataset ON marks (dataset)
    """,
    """
    CREATE TABLE publications (
        id VARCHAR NOT NULL,
        dataset VARCHAR NOT NULL,
        connector VARCHAR NOT NULL,
        keyid VARCHAR NOT NULL,
        columns VARCHAR NOT NULL,
        "key" BLOB NOT NULL,
        state VARCHAR NOT NULL,
        created INTEGER NOT NULL,
        done INTEGER NOT NULL,
        total INTEGER NOT NULL,
        chunks INTEGER,
        report VARCHAR,
        generation VARCHAR,
        failure VARCHAR,
        PRIMARY KEY (id),
        FOREIGN KEY(dataset) REFERENCES datasets (code)
    )
    """,
    """
    CREATE INDEX ix_publications_dataset ON publications (dataset)
    """,
)

HOT_PATH = (
    """
    CREATE TABLE ledger_head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        next INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        last_time INTEGER NOT NULL
    )
    """,
    """
    INSERT INTO ledger_head VALUES (1, 0, 0, 0)
    """,
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
    """
    CREATE TABLE nonces_0 (
        id INTEGER PRIMARY KEY,
        attempt INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE nonces_1 (
        id INTEGER PRIMARY KEY,
        attempt INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE nonces_2 (
        id INTEGER PRIMARY KEY,
        attempt INTEGER NOT NULL
    )
    """,
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


def upgrade() -> None:
    """Create everything."""
    for statement in (*CONTROL_PLANE, *HOT_PATH):
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")
