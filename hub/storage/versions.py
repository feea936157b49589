"""A standing generation's file from version to version, as change sets bring it on.

A change set writes what comes with the next version and what ends with it; both are invisible until
the dataset's pointer says that version. Afterwards ``tidy`` takes away what no version shows: rows
that have ended, and what a change set that was cut off or given up has left.

Whoever writes holds the file's lock. Readers see one version whole, and wait for nobody.
"""

from pathlib import Path

from hub.storage.ended import make_ended, prune_ended, take_back_ended
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection, connect

LOCK_SUFFIX = "-lock"
_PART = 50_000
"""Rows of one transaction; with few in each, every one writes most pages of the indexes anew."""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS rows_by_row ON rows (row)",
    # Of a million rows these hold only the few that changes have touched.
    "CREATE INDEX IF NOT EXISTS rows_begun ON rows (first) WHERE first > 1",
    "CREATE INDEX IF NOT EXISTS rows_ended ON rows (last) WHERE last IS NOT NULL",
)
BEGUN_AFTER = "first > 1 AND first > ?"
"""Rows of later versions than the one given, by their index."""
_ENDED = "SELECT id FROM rows WHERE last IS NOT NULL AND last <= ? LIMIT ?"
_ENDING = "SELECT id FROM rows WHERE last IS NOT NULL AND last > ? LIMIT ?"
_BEGUN = f"SELECT id FROM rows WHERE {BEGUN_AFTER} LIMIT ?"  # noqa: S608 no input
_OLD_BLOCKS = """
    DELETE FROM blocks WHERE version < (
        SELECT max(version) FROM blocks AS newer
        WHERE newer.number = blocks.number AND newer.version <= ?
    )
"""


def lock_path(path: Path) -> Path:
    """Where the lock of a generation's file lies."""
    return path.with_name(path.name + LOCK_SUFFIX)


def lock_of(path: Path) -> FileLock:
    """The lock of whoever writes into a standing generation."""
    return FileLock(lock_path(path))


def open_standing(path: Path) -> Connection:
    """Open a standing generation to write into it; raises ``StorageRefused``.

    Nothing of what stands is ever at risk: the write-ahead log reaches the disk before the file
    does. What is written last must be committed with ``synchronous=FULL``.
    """
    connection = connect(path, "rw")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-65536")
    # Bytes of a person who is to be forgotten must not stay in what is unused of a page.
    connection.execute("PRAGMA secure_delete=ON")
    return connection


def make_changeable(connection: Connection) -> None:
    """Make the indexes that changes need; publishing in full does without, for its speed."""
    for statement in _INDEXES:
        connection.execute(statement)
    make_ended(connection)


def is_changeable(connection: Connection) -> bool:
    """Whether a change set has ever been begun here."""
    row = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'index'"
        " AND name IN ('rows_by_row', 'rows_begun', 'rows_ended')"
    ).fetchone()
    return bool(row[0] == len(_INDEXES))


def take_back(connection: Connection, version: int) -> None:
    """Take away all that later versions than ``version`` would show."""
    _in_parts(connection, f"DELETE FROM rows WHERE id IN ({_BEGUN})", version)  # noqa: S608
    _in_parts(connection, f"UPDATE rows SET last = NULL WHERE id IN ({_ENDING})", version)  # noqa: S608
    connection.execute("DELETE FROM blocks WHERE version > ?", (version,))
    take_back_ended(connection, version)


def tidy(path: Path, version: int, *, pending: bool, now: int | None = None) -> None:
    """Leave only what ``version`` shows, and what is ``pending`` for the next one.

    What ended long before ``now`` (milliseconds) is not told to followers any more either.

    Call it with the file's lock. A file that no change set has touched is left as it is. May be
    cut off and called again. Raises ``StorageRefused`` or the driver's error.
    """
    connection = open_standing(path)
    try:
        if not is_changeable(connection):
            return
        _in_parts(connection, f"DELETE FROM rows WHERE id IN ({_ENDED})", version)  # noqa: S608
        connection.execute(_OLD_BLOCKS, (version,))
        if not pending:
            take_back(connection, version)
        if now is not None:
            prune_ended(connection, now)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _in_parts(connection: Connection, statement: str, version: int) -> None:
    while connection.execute(statement, (version, _PART)).rowcount > 0:
        pass
