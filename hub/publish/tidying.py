"""Taking away from standing generations what is not seen any more, or never will be.

Rows that a change set has ended go as soon as it is live; what one that was cut off or given up has
written goes before the next one, and at the start of a hub.
"""

from hub.clock import system_clock
from hub.errors import StorageRefused
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection, DatabaseError
from hub.storage.versions import lock_of, lock_path, tidy

_PENDING = (
    "SELECT 1 FROM change_sets c JOIN publications p ON p.id = c.publication"
    " WHERE c.generation = ? AND p.state = 'held'"
)


def tidy_standing(
    folder: Folder, connection: Connection, dataset: str, *, wait: bool = True
) -> None:
    """Tidy what stands of a dataset, unless a change set is being written and ``wait`` is False.

    A failure is no harm: whoever comes next does it.
    """
    name = _standing(connection, dataset)
    path = folder.generation(name) if name else None
    # Whoever has written into a standing generation has made its lock.
    if path is None or not path.exists() or not lock_path(path).exists():
        return
    lock = lock_of(path)
    try:
        if not wait and not lock.try_acquire():
            return
        with lock:
            # Under the lock: whoever held it may have brought the version on, or been held.
            row = connection.execute(
                "SELECT version FROM datasets WHERE code = ? AND generation = ?", (dataset, name)
            ).fetchone()
            if row is None or not path.exists():
                return
            pending = connection.execute(_PENDING, (name,)).fetchone() is not None
            tidy(path, row[0], pending=pending, now=system_clock())
    except (StorageRefused, DatabaseError):
        return
    finally:
        lock.close()


def tidy_all(folder: Folder, connection: Connection) -> None:
    """Tidy what stands of every dataset; one that a running job writes to is left to it."""
    codes = connection.execute("SELECT code FROM datasets WHERE generation IS NOT NULL").fetchall()
    for (code,) in codes:
        tidy_standing(folder, connection, code, wait=False)


def _standing(connection: Connection, dataset: str) -> str | None:
    row: tuple[str | None] | None = connection.execute(
        "SELECT generation FROM datasets WHERE code = ?", (dataset,)
    ).fetchone()
    return row[0] if row else None
