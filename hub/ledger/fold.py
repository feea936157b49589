"""What a process does with the write-ahead log before it serves: all of it is written anew.

The log may hold frames that were written and never reached the disk: their fsync failed, or the
process was killed before it. Recovery finds them in the kernel's cache, whole, and takes them for
committed; but the kernel, once it has told of an error, holds their pages for clean, and no later
fsync writes them. What is answered on top of them would be lost with them at the next power cut.
"""

import os
from pathlib import Path

from hub.errors import StorageRefused
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import DatabaseError, connect

_PIECE = 1 << 20
_PATIENCE = 1000
"""Milliseconds for readers of other programs; if one stays, the log is durable all the same."""


def fold_log(folder: Folder) -> bool:
    """Make durable what recovery finds, and fold it into the database; whether it was done.

    Only when no other process serves: frames that nobody has recovered yet are there only then,
    and the log is nobody else's. Raises ``StorageRefused`` if the disk does not take it.
    """
    serving, lock = FileLock(folder.serving), FileLock(folder.lock)
    try:
        if not serving.try_acquire():
            return False
        with lock:
            _write_anew(folder.control.with_name(f"{folder.control.name}-wal"))
            _checkpoint(folder.control)
    except (OSError, DatabaseError) as error:
        raise StorageRefused(why="ledger-log") from error
    finally:
        serving.close()
        lock.close()
    return True


def _write_anew(log: Path) -> None:
    """Write each byte of the log over itself, so that the fsync that follows is of all of it.

    Without this the checkpoint itself would rest on frames that the disk may not have.
    """
    if not log.exists():
        return
    with log.open("r+b", buffering=0) as file:
        place = 0
        while piece := os.pread(file.fileno(), _PIECE, place):
            place += os.pwrite(file.fileno(), piece, place)
        os.fsync(file.fileno())


def _checkpoint(control: Path) -> None:
    connection = connect(control)
    try:
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
