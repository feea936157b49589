"""Catalogue entries with their states, and every definition that counts, by its digest.

Rows of a generation are arrays in the order of the definition that they were sealed under, so each
generation and each publication names that one. Those of before are of the only definition that
their dataset ever had.
"""

from alembic import op
from sqlalchemy import text

from certs.encoding import digest
from hub.errors import StorageRefused

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE catalogue_entries (
        code VARCHAR NOT NULL PRIMARY KEY,
        department VARCHAR NOT NULL REFERENCES departments (code),
        status VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        due INTEGER,
        classification VARCHAR,
        drafted_classification VARCHAR,
        state VARCHAR NOT NULL,
        drafted_by VARCHAR
    )
    """,
    "CREATE INDEX ix_catalogue_entries_department ON catalogue_entries (department)",
    "CREATE INDEX ix_catalogue_entries_due ON catalogue_entries (due)",
    "CREATE INDEX ix_catalogue_entries_classification ON catalogue_entries (classification)",
    """
    CREATE INDEX ix_catalogue_entries_drafted_classification
    ON catalogue_entries (drafted_classification)
    """,
    """
    CREATE TABLE definitions (
        digest VARCHAR NOT NULL PRIMARY KEY,
        dataset VARCHAR NOT NULL,
        definition BLOB NOT NULL
    )
    """,
    "CREATE INDEX ix_definitions_dataset ON definitions (dataset)",
    "ALTER TABLE generations ADD COLUMN definition VARCHAR",
    "ALTER TABLE publications ADD COLUMN definition VARCHAR",
)


def upgrade() -> None:
    """Create them, and say of what is there under which definition it came to be."""
    for statement in _STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    for code, definition in connection.execute(text("SELECT code, definition FROM datasets")).all():
        known = {"digest": digest(definition), "dataset": code, "definition": definition}
        connection.execute(
            text("INSERT INTO definitions VALUES (:digest, :dataset, :definition)"), known
        )
        for table in ("generations", "publications"):
            connection.execute(
                text(f"UPDATE {table} SET definition = :digest WHERE dataset = :dataset"),  # noqa: S608
                {"digest": known["digest"], "dataset": code},
            )


def downgrade() -> None:
    """Refused: a ledger is not taken back."""
    raise StorageRefused(why="no-way-back")
