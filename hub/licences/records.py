"""Licences as records: what step 4 of a lookup reads for a dataset of licences.

Found by the holder's number or by the licence's identifier, and told with the status of this
moment: one that was revoked stays findable, so that nobody takes the paper for good.
"""

from typing import NamedTuple

from catalog.definition import Dataset
from catalog.licence_record import NOTE, STATUS
from catalog.licences.status import Status
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.clock import Clock
from hub.licences.content import open_content, open_note
from hub.licences.tags import LicenceTags
from hub.materials.records import today_of
from hub.storage.sqlite import Connection
from hub.storage.wrapped import licence_context

ENDING = frozenset({Status.IN_FORCE, Status.SUSPENDED, Status.OTHER})
"""What the clock ends."""
_FOUND = """
    SELECT l.id, l.key, l.sealed, l.note, l.status
    FROM licences l JOIN licence_types t ON t.code = l.type
    WHERE (l.holder = ?1 OR l.identifier = ?2) AND t.type_code = ?3 ORDER BY l.issued DESC, l.id
"""


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

    def _values(self, row: _Row, dataset: Dataset, subject: str, today: str) -> list[str]:
        key = SealingKey(self._master.unwrap(row.key, licence_context(row.licence)))
        content = open_content(row.sealed, key, row.licence)
        if subject not in {content.holder, content.identifier}:
            # The tag beside it was exchanged: it would give one holder's licence to another.
            raise SealBroken
        status = status_at(row.status, content.metadata["valid_until"], today)
        note = open_note(row.note, key, row.licence) if status == row.status else ""
        values = {**content.metadata, **content.items, STATUS: status.value, NOTE: note}
        return [values.get(item.code, "") for item in dataset.items]


def status_at(status: str, valid_until: str, today: str) -> Status:
    """The status on a day: past its last one a licence has ended, whether that is entered or not.

    Days as texts of one form are in the order of time.
    """
    stands = Status(status)
    return Status.EXPIRED if stands in ENDING and valid_until and valid_until < today else stands
