"""SQLite files of a department, opened to be read only."""

import sqlite3 as standard
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from connectors.sources.address import Address
from connectors.sources.cells import MOST, plain_number
from connectors.sources.database import Take
from connectors.sources.errors import ColumnUnusable, DatabaseFailed
from connectors.sources.source import BATCH

if TYPE_CHECKING:
    import sqlite3 as driver
else:
    # The library that `connectors.receipts.sqlite` uses: one in a process.
    driver = standard
    if standard.sqlite_version_info < (3, 51, 3):
        try:
            from pysqlite3 import dbapi2 as driver
        except ImportError:  # no wheel for this platform; for reading any will do
            driver = standard

_READING = frozenset(
    {driver.SQLITE_SELECT, driver.SQLITE_READ, driver.SQLITE_FUNCTION, driver.SQLITE_RECURSIVE}
)
_Value = str | int | float | bytes | None


def run(address: Address, query: str, password: str | None, take: Take) -> None:
    """Run ``query`` to its end; raises ``DatabaseFailed`` or ``ColumnUnusable``.

    A file has no password.
    """
    del password
    path = Path(address.database).resolve()
    if not path.is_file():
        raise DatabaseFailed(why="no-file")
    try:
        # `mode=ro` cannot create, write or lock the file for writing.
        connection = driver.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10.0)
        try:
            connection.set_authorizer(_authorize)
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            keep = take(names)
            while batch := cursor.fetchmany(BATCH):
                keep([tuple(map(_text, row, names)) for row in batch])
        finally:
            connection.close()
    except (driver.Error, driver.Warning) as error:
        name = getattr(error, "sqlite_errorname", None)
        raise DatabaseFailed(why=name or type(error).__name__) from None


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Only what reads; no other file is attached, no library loaded."""
    if action == driver.SQLITE_FUNCTION and "load_extension" in {first, second}:
        return driver.SQLITE_DENY
    return driver.SQLITE_OK if action in _READING else driver.SQLITE_DENY


def _text(value: _Value, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bytes):
        raise ColumnUnusable(column=name, why="blob")
    if isinstance(value, float):
        return plain_number(value) if abs(value) < MOST else repr(value)
    return str(value)
