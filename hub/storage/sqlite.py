"""The one SQLite library of the process, and how connections are opened.

SQLite before 3.51.3 can corrupt a WAL database when several connections write and checkpoint, so
an older one is refused: the standard library's where it is new enough, else ``pysqlite3``.
"""

import importlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hub.errors import StorageRefused

MINIMUM = (3, 51, 3)

if TYPE_CHECKING:
    driver = sqlite3
else:
    driver = (
        sqlite3
        if sqlite3.sqlite_version_info >= MINIMUM
        else importlib.import_module("pysqlite3.dbapi2")
    )

Connection = driver.Connection
DatabaseError = driver.DatabaseError
IntegrityError = driver.IntegrityError
_BUSY_SECONDS = 20.0
_STATEMENTS = 256


def require_version(version: tuple[int, ...] = driver.sqlite_version_info) -> None:
    """Raise ``StorageRefused`` if SQLite is older than 3.51.3."""
    if version < MINIMUM:
        raise StorageRefused(why="sqlite-too-old")


def connect(path: Path, mode: Literal["rwc", "rw", "ro"] = "rw") -> Connection:
    """Open a database in WAL with full durability; transactions are begun by hand.

    Raises ``StorageRefused`` if it cannot be opened.
    """
    require_version()
    try:
        connection = driver.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
            uri=True,
        )
        connection.execute("PRAGMA temp_store=MEMORY")
        if mode != "ro":
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
    except driver.Error as error:
        raise StorageRefused(why="cannot-open") from error
    return connection
