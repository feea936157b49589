"""Materials as records: what step 4 of a lookup reads for a dataset of materials.

One record for each material and each department that has filed it, in the newest version of what
that department says. Suspended and withdrawn ones are not there.
"""

from datetime import datetime
from typing import NamedTuple

from catalog.definition import Dataset
from catalog.material import EXPIRED, ITEMS, USABLE
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.clock import SHANGHAI, Clock
from hub.materials.metadata import Filed, open_filed
from hub.materials.tags import Tags
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

    def _values(self, row: _Row, dataset: Dataset, subject: str, today: str) -> list[str]:
        key = SealingKey(self._master.unwrap(row.key, material_context(row.material)))
        filed = open_filed(row.sealed, key, row.material, row.version)
        if filed.holder.id != subject:
            # The tag beside it was exchanged: it would give one person's paper to another.
            raise SealBroken
        values = _values(row, filed, dataset.title_zh, today)
        return [values[code] for code in ITEMS]


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
