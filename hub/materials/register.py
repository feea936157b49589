"""Materials as they stand, and each change of them as an entry of kind ``material``.

The state in the entry names nobody: id, type, department, what kind of file and how large, a keyed
digest of it, and of each version of its metadata the department and the digest of the sealed bytes.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from certs.canonical import Json
from certs.encoding import digest
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.ledger.destructions import DESTROYED
from hub.storage.materials_tables import MaterialFilingRow, MaterialRow
from hub.storage.tables import DatasetRow

STATUSES = frozenset({"usable", "suspended", "withdrawn"})
MAX_VERSIONS = 50
"""Versions of what is said of one material: its state tells them all."""


def twin_of(session: Session, twin: bytes) -> MaterialRow | None:
    """The material that stands for the same file of the same subject."""
    return session.exec(select(MaterialRow).where(MaterialRow.twin == twin)).first()


def filings_of(session: Session, material: str) -> Sequence[MaterialFilingRow]:
    """All versions of a material's metadata."""
    statement = (
        select(MaterialFilingRow)
        .where(MaterialFilingRow.material == material)
        .order_by(col(MaterialFilingRow.version))
    )
    return session.exec(statement).all()


def enter(
    change: Change, row: MaterialRow, subject: tuple[str, str] | None, case: str | None
) -> int:
    """Enter the whole state of a material; gives the entry's position."""
    change.session.add(row)
    change.session.flush()
    filings: list[Json] = [
        [filing.department, digest(filing.sealed)] for filing in filings_of(change.session, row.id)
    ]
    state: dict[str, Json] = {
        "dataset": row.dataset,
        "department": row.department,
        "digest": row.digest,
        "filings": filings,
        "id": row.id,
        "media_type": row.media_type,
        "size": row.size,
        "status": row.status,
        "thumbnail": row.thumbnail,
        "version": row.version,
    }
    row.changed = change.append("material", state, subject=subject, case=case)
    change.session.add(row)
    return row.changed


def add_version(
    change: Change, row: MaterialRow, department: str, sealed: bytes, until: str | None
) -> None:
    """Put a further version of its metadata to a material; ``enter`` it afterwards.

    ``until`` is its last day, None without one.
    """
    change.session.add(
        MaterialFilingRow(
            material=row.id,
            version=row.version,
            department=department,
            sealed=sealed,
            until=until or "",
        )
    )


def require_room(row: MaterialRow) -> int:
    """The number of the next version; raises ``Conflict`` when there are too many."""
    if row.version >= MAX_VERSIONS:
        raise Conflict(why="material-versions")
    return row.version + 1


def set_status(changes: Changes, actor: Actor, material: str, status: str) -> int:
    """Suspend a material, make it usable again, or withdraw it for good; effective at once.

    The department that filed it first may, and the one that provides its type; to all others
    there is none (``NotFound``).
    """
    if status not in STATUSES:
        raise Unprocessable(why="status")
    with changes.change(actor) as change:
        row = change.session.get(MaterialRow, material)
        provider = None if row is None else change.session.get(DatasetRow, row.dataset)
        if row is None or provider is None:
            raise NotFound(what="material")
        if actor.department not in {row.department, provider.department}:
            raise NotFound(what="material")
        if row.status in {status, "withdrawn", DESTROYED}:
            raise Conflict(why="material-status")
        row.status = status
        if status == "withdrawn":
            # Whoever hands it in again starts anew.
            row.twin = None
        return enter(change, row, None, None)
