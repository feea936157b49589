"""Services and rules as registered, cases, and what was promised in them."""

from alembic import op

from hub.errors import StorageRefused

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE services (
        code VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        department VARCHAR NOT NULL REFERENCES departments (code),
        definition BLOB NOT NULL,
        status VARCHAR NOT NULL,
        PRIMARY KEY (code, version)
    )
    """,
    """
    CREATE TABLE rule_sets (
        code VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        definition BLOB NOT NULL,
        status VARCHAR NOT NULL,
        PRIMARY KEY (code, version)
    )
    """,
    """
    CREATE TABLE cases (
        id VARCHAR NOT NULL PRIMARY KEY,
        department VARCHAR NOT NULL REFERENCES departments (code),
        status VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        request INTEGER NOT NULL,
        asked BLOB NOT NULL,
        entry INTEGER NOT NULL,
        applicant BLOB,
        key BLOB NOT NULL,
        sealed BLOB NOT NULL,
        state VARCHAR NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX ix_cases_request ON cases (request)",
    "CREATE INDEX ix_cases_applicant ON cases (applicant)",
    "CREATE INDEX ix_cases_department ON cases (department)",
    """
    CREATE TABLE commitments (
        case_id VARCHAR NOT NULL REFERENCES cases (id),
        number INTEGER NOT NULL,
        kind VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        due INTEGER NOT NULL,
        settled INTEGER,
        PRIMARY KEY (case_id, number)
    )
    """,
    "CREATE INDEX ix_commitments_status ON commitments (status)",
)


def upgrade() -> None:
    """Create them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")
