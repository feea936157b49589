"""Changes of marks in the order of the log; whom one is about stands sealed in its entry."""

from typing import NamedTuple

import orjson

from certs.errors import SealBroken
from certs.leaf import read_leaf
from hub.ledger.persons import PersonKeys
from hub.storage.sqlite import Connection

_AFTER = (
    "SELECT position, pseudonym FROM mark_changes WHERE dataset = ? AND position > ?"
    " ORDER BY position LIMIT ?"
)
_ENTRIES = (
    "SELECT e.leaf, e.person, e.person_key FROM mark_changes m"
    " JOIN entries e ON e.position = m.position WHERE m.pseudonym = ? ORDER BY m.position DESC"
)


class MarkUnknown(Exception):
    """Whom a mark is about cannot be told any more: only a reset makes a copy right."""


class MarkChange(NamedTuple):
    """One change of the mark of a record, and its entry's position."""

    position: int
    pseudonym: bytes


class MarkChanges:
    """Reads changes of marks."""

    def __init__(self, connection: Connection, persons: PersonKeys) -> None:
        self._connection = connection
        self._persons = persons

    def newest(self, dataset: str) -> int:
        """The position of a dataset's last change; -1 if there is none."""
        row = self._connection.execute(
            "SELECT max(position) FROM mark_changes WHERE dataset = ?", (dataset,)
        ).fetchone()
        return -1 if row[0] is None else int(row[0])

    def after(self, dataset: str, position: int, limit: int) -> list[MarkChange]:
        """The changes behind a position, in order."""
        rows = self._connection.execute(_AFTER, (dataset, position, limit))
        return [MarkChange(*row) for row in rows]

    def pseudonyms_after(self, dataset: str, position: int) -> frozenset[bytes]:
        """The records whose marks have changed behind a position."""
        rows = self._connection.execute(
            "SELECT pseudonym FROM mark_changes WHERE dataset = ? AND position > ?",
            (dataset, position),
        )
        return frozenset(pseudonym for (pseudonym,) in rows)

    def subject(self, pseudonym: bytes) -> tuple[str, str]:
        """Type and identifier of a marked record's subject, as they were given.

        Raises ``MarkUnknown`` once no entry tells: the *person* parts have been erased.
        """
        for leaf, person, key in self._connection.execute(_ENTRIES, (pseudonym,)):
            if person is None:
                continue
            try:
                _, part = self._persons.open(person, key, read_leaf(leaf).person)
            except SealBroken:
                continue
            subject = orjson.loads(part)["subject"]
            if subject is not None:
                return str(subject["type"]), str(subject["id"])
        raise MarkUnknown
