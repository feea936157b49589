"""Materials as records: what step 4 of a lookup reads for a dataset of materials.

One record for each material and each department that has filed it, in the newest version of what
that department says. Suspended and withdrawn ones are not there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from catalog.definition import Dataset
from catalog.material import EXPIRED, ITEMS, USABLE
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.clock import SHANGHAI, Clock
from hub.ledger.destructions import DESTROYED
from hub.materials.metadata import Filed, open_filed
from hub.materials.tags import Tags
from hub.storage.held import Held, Place
from hub.storage.sqlite import Connection
from hub.storage.wrapped import material_context

_FOUND = """
    SELECT m.id, m.key, m.media_type, m.size, f.version, f.department, f.sealed
    FROM materials m JOIN material_filings f ON f.material = m.id
    WHERE m.tag = ? AND m.dataset = ? AND m.status = 'usable' AND f.version = (
        SELECT max(version) FROM material_filings
        WHERE material = m.id AND department = f.department
    )
    ORDER BY m.filed, m.id, f.version
"""
_NEWEST_OF_EACH = (
    "f.version = (SELECT max(version) FROM material_filings"
    " WHERE material = m.id AND department = f.department)"
)
_ALL = (
    "SELECT m.changed, m.status, m.id, m.key, m.media_type, m.size, f.version, f.department,"  # noqa: S608 no input
    " f.sealed FROM materials m JOIN material_filings f ON f.material = m.id"
    f" WHERE m.dataset = ? AND {_NEWEST_OF_EACH}"
)
# ``changed >=`` lets the index be used.
_IN_ORDER = (
    f"{_ALL} AND m.changed >= ? AND (m.changed, m.id, f.version) > (?, ?, ?)"
    " ORDER BY m.changed, m.id, f.version LIMIT ?"
)
_OF = f"{_ALL} AND m.tag = ? ORDER BY m.changed, m.id, f.version"
_ENDING = (
    f"{_ALL} AND m.status = 'usable' AND (f.until IS NULL OR (f.until >= ? AND f.until < ?))"
    " AND (m.id, f.version) > (?, ?) ORDER BY m.id, f.version LIMIT ?"
)


class _Row(NamedTuple):
    material: str
    key: bytes
    media_type: str
    size: int
    version: int
    department: str
    sealed: bytes


class MaterialRecords:
    """Reads what is said of materials."""

    def __init__(self, connection: Connection, master: Wrapping, tags: Tags, clock: Clock) -> None:
        self._connection = connection
        self._master = master
        self._tags = tags
        self._clock = clock

    def rows(self, dataset: Dataset, subject: str) -> list[list[str]]:
        """Values in the order of the definition's items; raises ``SealBroken``."""
        tag = self._tags.of_subject(dataset.code, subject)
        found = self._connection.execute(_FOUND, (tag, dataset.code)).fetchall()
        today = today_of(self._clock())
        return [self._values(_Row(*row), dataset, subject, today) for row in found]

    def newest(self, dataset: Dataset) -> int:
        """Where the newest entry of a material stands; -1 if there is none."""
        statement = "SELECT max(changed) FROM materials WHERE dataset = ?"
        (found,) = self._connection.execute(statement, (dataset.code,)).fetchone()
        return -1 if found is None else int(found)

    def in_order(self, dataset: Dataset, after: Place, limit: int) -> list[Held]:
        """Records behind a place in the order of the log; raises ``SealBroken``."""
        values = (dataset.code, after.changed, *after, limit)
        return self._held(dataset, self._connection.execute(_IN_ORDER, values).fetchall())

    def of(self, dataset: Dataset, subject: str) -> list[Held]:
        """All records of a subject but the destroyed; raises ``SealBroken``."""
        tag = self._tags.of_subject(dataset.code, subject)
        rows = self._connection.execute(_OF, (dataset.code, tag)).fetchall()
        return self._held(dataset, rows, subject)

    def ending(
        self, dataset: Dataset, days: tuple[str, str], after: Place, limit: int
    ) -> list[Held]:
        """Usable records whose last day may lie from one day on and before another, by id.

        What was filed before last days were kept beside the seal is among them at every time.
        """
        values = (dataset.code, *days, after.id, after.part, limit)
        return self._held(dataset, self._connection.execute(_ENDING, values).fetchall())

    def nameless_since(self, dataset: Dataset, position: int) -> bool:
        """Whether a material was destroyed at or behind a position."""
        row = self._connection.execute(
            "SELECT 1 FROM materials WHERE dataset = ? AND changed >= ? AND status = ? LIMIT 1",
            (dataset.code, position, DESTROYED),
        ).fetchone()
        return row is not None

    def _held(
        self,
        dataset: Dataset,
        rows: "Sequence[tuple[int, str, *tuple[str | int | bytes, ...]]]",
        subject: str | None = None,
    ) -> list[Held]:
        today = today_of(self._clock())
        found: list[Held] = []
        for changed, status, *rest in rows:
            row = _Row(*rest)  # type: ignore[arg-type] # as they are selected
            place = Place(changed, row.material, row.version)
            row_key = (row.material, row.department)
            if status == DESTROYED:
                found.append(Held(place, None, row_key, None))
                continue
            filed = self._filed(row, subject)
            until = filed.metadata.valid_until or ""
            values = None
            if status == "usable":
                told = _values(row, filed, dataset.title_zh, today)
                values = [told[code] for code in ITEMS]
            holder = filed.holder
            found.append(Held(place, holder.id, row_key, values, holder.type, until))
        return found

    def _values(self, row: _Row, dataset: Dataset, subject: str, today: str) -> list[str]:
        values = _values(row, self._filed(row, subject), dataset.title_zh, today)
        return [values[code] for code in ITEMS]

    def _filed(self, row: _Row, subject: str | None) -> Filed:
        """What is said of a material that was found under a subject, or in the order of the log."""
        key = SealingKey(self._master.unwrap(row.key, material_context(row.material)))
        filed = open_filed(row.sealed, key, row.material, row.version)
        if subject is not None and filed.holder.id != subject:
            # The tag beside it was exchanged: it would give one person's paper to another.
            raise SealBroken
        return filed


def today_of(now: int) -> str:
    """The day of Asia/Shanghai at ``now`` (milliseconds)."""
    return datetime.fromtimestamp(now / 1000, SHANGHAI).date().isoformat()


def _values(row: _Row, filed: Filed, title: str, today: str) -> dict[str, str]:
    said = filed.metadata
    until = said.valid_until
    return {
        "material_no": row.material,
        "holder_id": filed.holder.id,
        "title": said.title or title,
        "issuer": said.issuer,
        "number": said.number,
        "valid_from": said.valid_from or "",
        "valid_until": until or "",
        "received_by": row.department,
        "received_on": filed.received_on,
        "source_case": said.case or "",
        "sighted_by": said.sighted_by or "",
        "sighted_on": said.sighted_on or "",
        "file_name": said.file_name,
        "media_type": row.media_type,
        "size_bytes": str(row.size),
        "sha256": filed.sha256,
        "thumbnail_sha256": filed.thumbnail_sha256,
        "version": str(row.version),
        "status": EXPIRED if until is not None and until < today else USABLE,
    }
