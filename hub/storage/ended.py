"""What a change set has ended, kept so that those who follow a dataset can be told.

The row itself goes from the file as soon as the set is live (``versions.py``). What stays is its
subject and row key, sealed, for ``KEPT``: who followed the dataset already has both, and nobody can
take away what nobody names. A cursor from before what is kept begins anew.
"""

from collections.abc import Iterator

import orjson

from certs.sealing import row_aad
from hub.storage.generation import ROW_KEY_SEPARATOR, GenerationKeys
from hub.storage.sqlite import Connection

KEPT = 90 * 24 * 3600 * 1000
"""Milliseconds for which is kept what has ended."""
_TABLE = (
    """
    CREATE TABLE IF NOT EXISTS ended (
        id INTEGER PRIMARY KEY,
        version INTEGER NOT NULL,
        time INTEGER NOT NULL,
        tag BLOB NOT NULL,
        row BLOB NOT NULL,
        sealed BLOB NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS ended_by_version ON ended (version)",
    "CREATE INDEX IF NOT EXISTS ended_by_tag ON ended (tag)",
)
# What goes on under its key and subject has not ended.
_GONE = """
    SELECT tag, row, first, sealed FROM rows AS old INDEXED BY rows_ended
    WHERE last = ?1 AND first < ?1 AND NOT EXISTS (
        SELECT 1 FROM rows AS new INDEXED BY rows_by_row
        WHERE new.row = old.row AND new.first = ?1 AND new.last IS NULL AND new.tag = old.tag
    )
"""
_INSERT = "INSERT INTO ended (version, time, tag, row, sealed) VALUES (?, ?, ?, ?, ?)"
_SUFFIX = b"\x00ended"
"""Behind the place of a row: what is sealed here opens as no row, and no row as this."""


def make_ended(connection: Connection) -> None:
    """Make the table of what has ended."""
    for statement in _TABLE:
        connection.execute(statement)


class Ender:
    """Notes what one change set ends. ``subject`` and ``row_key`` are places among the items."""

    def __init__(
        self,
        keys: GenerationKeys,
        dataset: str,
        generation: str,
        subject: int,
        row_key: tuple[int, ...],
    ) -> None:
        self._keys = keys
        self._dataset = dataset
        self._generation = generation
        self._subject = subject
        self._row_key = row_key

    def note(self, connection: Connection, version: int, time: int) -> None:
        """Note what ends with ``version``; call inside a transaction. Raises ``SealBroken``.

        It seals at most once for each row of the set, as does what comes with it.
        """
        found = list(self._gone(connection, version, time))
        connection.executemany(_INSERT, found)

    def _gone(
        self, connection: Connection, version: int, time: int
    ) -> Iterator[tuple[int, int, bytes, bytes, bytes]]:
        for tag, row, first, sealed in connection.execute(_GONE, (version,)):
            aad = row_aad(self._dataset, self._generation, tag, row, first)
            values: list[str] = orjson.loads(self._keys.seal.open(sealed, aad))
            told = orjson.dumps([values[self._subject], row_key_of(values, self._row_key)])
            place = ended_aad(self._dataset, self._generation, tag, row, version)
            yield version, time, tag, row, self._keys.seal.seal(told, place)


def row_key_of(values: list[str], places: tuple[int, ...]) -> str:
    """The row key among a row's values."""
    return ROW_KEY_SEPARATOR.join([values[place] for place in places])


def ended_aad(dataset: str, generation: str, tag: bytes, row: bytes, version: int) -> bytes:
    """The additional data of what has ended."""
    return row_aad(dataset, generation, tag, row, version) + _SUFFIX


def has_ended(connection: Connection) -> bool:
    """Whether a file has the table; one that no change set has touched has none."""
    row = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'ended'"
    ).fetchone()
    return row is not None


def take_back_ended(connection: Connection, version: int) -> None:
    """Forget what would end with a later version than ``version``."""
    if has_ended(connection):
        connection.execute("DELETE FROM ended WHERE version > ?", (version,))


def prune_ended(connection: Connection, now: int) -> None:
    """Forget what ended long ago; ``floor`` tells up to which version."""
    if not has_ended(connection):
        return
    (newest,) = connection.execute(
        "SELECT max(version) FROM ended WHERE time < ?", (now - KEPT,)
    ).fetchone()
    if newest is None:
        return
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM ended WHERE version <= ?", (newest,))
    connection.execute(f"PRAGMA user_version={max(int(newest), floor(connection))}")
    connection.execute("COMMIT")


def floor(connection: Connection) -> int:
    """The newest version of which is not kept any more what ended with it."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
