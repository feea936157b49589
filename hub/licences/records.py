"""Licences as records: what step 4 of a lookup reads for a dataset of licences.

Found by the holder's number or by the licence's identifier, and told with the status of this
moment: one that was revoked stays findable, so that nobody takes the paper for good.
"""

from typing import NamedTuple

from catalog.definition import Dataset
from catalog.licence_record import NOTE, STATUS
from catalog.licences.metadata import HOLDER_TYPE, HolderType
from catalog.licences.status import Status
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.clock import Clock
from hub.licences.content import Content, open_content, open_note
from hub.licences.tags import LicenceTags
from hub.materials.records import today_of
from hub.storage.held import Held, Place
from hub.storage.sqlite import Connection
from hub.storage.wrapped import licence_context

ENDING = frozenset({Status.IN_FORCE, Status.SUSPENDED, Status.OTHER})
"""What the clock ends."""
_FOUND = """
    SELECT l.id, l.key, l.sealed, l.note, l.status
    FROM licences l JOIN licence_types t ON t.code = l.type
    WHERE (l.holder = ?1 OR l.identifier = ?2) AND t.type_code = ?3 ORDER BY l.issued DESC, l.id
"""
_OF_TYPE = (
    "SELECT l.changed, l.id, l.key, l.sealed, l.note, l.status FROM licences l"
    " WHERE l.type = (SELECT code FROM licence_types WHERE type_code = ?)"
)
# ``changed >=`` lets the index be used.
_IN_ORDER = (
    f"{_OF_TYPE} AND l.changed >= ? AND (l.changed, l.id) > (?, ?) ORDER BY l.changed, l.id LIMIT ?"
)
_OF = f"{_OF_TYPE} AND (l.holder = ? OR l.identifier = ?) ORDER BY l.changed, l.id"


class _Row(NamedTuple):
    licence: str
    key: bytes
    sealed: bytes
    note: bytes
    status: str


class LicenceRecords:
    """Reads what was issued."""

    def __init__(
        self, connection: Connection, master: Wrapping, tags: LicenceTags, clock: Clock
    ) -> None:
        self._connection = connection
        self._master = master
        self._tags = tags
        self._clock = clock

    def rows(self, dataset: Dataset, subject: str) -> list[list[str]]:
        """Values in the order of the definition's items; raises ``SealBroken``."""
        kind = dataset.licence_type
        holder, identifier = self._tags.of_holder(kind, subject), self._tags.of_identifier(subject)
        found = self._connection.execute(_FOUND, (holder, identifier, kind)).fetchall()
        today = today_of(self._clock())
        return [self._values(_Row(*row), dataset, subject, today) for row in found]

    def newest(self, dataset: Dataset) -> int:
        """Where the newest entry of a licence stands that changed what is told; -1 without one."""
        statement = (
            "SELECT max(changed) FROM licences"
            " WHERE type = (SELECT code FROM licence_types WHERE type_code = ?)"
        )
        (found,) = self._connection.execute(statement, (dataset.licence_type,)).fetchone()
        return -1 if found is None else int(found)

    def in_order(self, dataset: Dataset, after: Place, limit: int) -> list[Held]:
        """Records behind a place in the order of the log; raises ``SealBroken``."""
        values = (dataset.licence_type, after.changed, after.changed, after.id, limit)
        rows = self._connection.execute(_IN_ORDER, values).fetchall()
        return [self._held(row, dataset, None) for row in rows]

    def of(self, dataset: Dataset, subject: str) -> list[Held]:
        """All licences of a holder, or the one of an identifier; raises ``SealBroken``."""
        kind = dataset.licence_type
        tags = self._tags.of_holder(kind, subject), self._tags.of_identifier(subject)
        rows = self._connection.execute(_OF, (kind, *tags)).fetchall()
        return [self._held(row, dataset, subject) for row in rows]

    def ending(
        self,
        dataset: Dataset,  # noqa: ARG002 as materials have it
        days: tuple[str, str],  # noqa: ARG002
        after: Place,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> list[Held]:
        """None: what the clock ends is entered (``office.py``)."""
        return []

    def nameless_since(self, dataset: Dataset, position: int) -> bool:  # noqa: ARG002 the same
        """Never: a licence is not destroyed."""
        return False

    def _held(
        self, row: tuple[int, str, bytes, bytes, bytes, str], dataset: Dataset, subject: str | None
    ) -> Held:
        changed, name, key, sealed, note, status = row
        found = _Row(name, key, sealed, note, status)
        content, values = self._told(found, dataset, subject, today_of(self._clock()))
        kind = HolderType(content.metadata[HOLDER_TYPE]).kind
        place, row_key = Place(changed, name), (content.identifier,)
        return Held(place, content.holder, row_key, values, kind)

    def _values(self, row: _Row, dataset: Dataset, subject: str, today: str) -> list[str]:
        return self._told(row, dataset, subject, today)[1]

    def _told(
        self, row: _Row, dataset: Dataset, subject: str | None, today: str
    ) -> tuple[Content, list[str]]:
        """A licence found under a subject, or in the order of the log, and its values."""
        key = SealingKey(self._master.unwrap(row.key, licence_context(row.licence)))
        content = open_content(row.sealed, key, row.licence)
        if subject is not None and subject not in {content.holder, content.identifier}:
            # The tag beside it was exchanged: it would give one holder's licence to another.
            raise SealBroken
        status = status_at(row.status, content.metadata["valid_until"], today)
        note = open_note(row.note, key, row.licence) if status == row.status else ""
        values = {**content.metadata, **content.items, STATUS: status.value, NOTE: note}
        return content, [values.get(item.code, "") for item in dataset.items]


def status_at(status: str, valid_until: str, today: str) -> Status:
    """The status on a day: past its last one a licence has ended, whether that is entered or not.

    Days as texts of one form are in the order of time.
    """
    stands = Status(status)
    return Status.EXPIRED if stands in ENDING and valid_until and valid_until < today else stands
