"""SQLite for ``receipts.db``: a library without the WAL-reset bug, durable at every commit.

SQLite before 3.51.3 can corrupt a WAL database that several connections write and checkpoint, so
an older one is refused. One process must open a file through one SQLite library only: nothing on
the department's side uses another.
"""

import os
import sqlite3 as standard
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import SqliteTooOld, StoreUnreadable

if TYPE_CHECKING:
    import sqlite3 as driver
else:
    driver = standard

NEEDED = (3, 51, 3)

if not TYPE_CHECKING and standard.sqlite_version_info < NEEDED:
    try:
        from pysqlite3 import dbapi2 as driver
    except ImportError:  # no wheel for this platform: `connect` says what is missing
        driver = standard

Connection = driver.Connection
Error = driver.Error


def require_version() -> str:
    """The version of the SQLite library in use; raises ``SqliteTooOld``."""
    if driver.sqlite_version_info < NEEDED:
        raise SqliteTooOld(
            found=driver.sqlite_version, needed=".".join(str(part) for part in NEEDED)
        )
    return str(driver.sqlite_version)


def connect(path: Path) -> driver.Connection:
    """Open ``path`` (made with mode 0600), in autocommit; transactions are begun by hand.

    Raises ``SqliteTooOld`` or ``StoreUnreadable``.
    """
    require_version()
    try:
        # SQLite gives the files beside it (-wal, -shm) the mode of the database itself.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = driver.connect(path, isolation_level=None, timeout=10.0)
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
    except (OSError, driver.Error) as error:
        raise StoreUnreadable(why="open") from error
    return connection
