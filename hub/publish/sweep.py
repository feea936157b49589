"""Taking files away once nothing points to them any more."""

from pathlib import Path

from hub.storage.folder import Folder
from hub.storage.sqlite import Connection
from hub.storage.versions import LOCK_SUFFIX

_SUFFIXES = ("", "-wal", "-shm", LOCK_SUFFIX)


def remove_generation(folder: Folder, name: str | None) -> None:
    """Delete the database of a generation; who has it open reads on."""
    if name is None:
        return
    path = folder.generation(name)
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def stored_generations(folder: Folder) -> set[str]:
    """The names of all generations of which there is a file."""
    return {path.name.partition(".db")[0] for path in folder.records.glob("*.db*")}


def standing_generations(connection: Connection) -> set[str]:
    """The generations whose files must stay: live, held, or being written."""
    rows = connection.execute(
        "SELECT name FROM generations WHERE state IN ('live', 'held', 'sealing')"
    )
    return {name for (name,) in rows}


def earlier_publications(connection: Connection, publication: str, staging: Path) -> list[str]:
    """Ended publications of the same dataset that have a folder still, and need none."""
    found: list[str] = []
    for root in staging.iterdir():
        row = connection.execute(
            "SELECT 1 FROM publications WHERE id = ? AND id <> ?"
            " AND state IN ('live', 'failed', 'discarded')"
            " AND dataset = (SELECT dataset FROM publications WHERE id = ?)",
            (root.name, publication, publication),
        ).fetchone()
        if row is not None:
            found.append(root.name)
    return found
