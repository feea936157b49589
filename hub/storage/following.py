"""A generation read in the order in which those who follow it are told."""

from pathlib import Path
from typing import NamedTuple

import orjson

from certs.sealing import row_aad
from hub.storage.ended import ended_aad, floor, has_ended
from hub.storage.generation import STANDS, GenerationKeys, GenerationReader

_ROWS = f"SELECT id, first, tag, row, sealed FROM rows WHERE {STANDS}"  # noqa: S608 no input
_IN_ORDER = f"{_ROWS} AND id > ? ORDER BY id LIMIT ?"
# ``first > 1`` lets the index of what change sets have brought be used.
_BEGUN = f"{_ROWS} AND first > 1 AND first >= ? AND (first, id) > (?, ?) ORDER BY first, id LIMIT ?"
_BEGUN_OF = f"{_ROWS} AND tag = ? ORDER BY first, id"
_ENDED = (
    "SELECT version, id, tag, row, sealed FROM ended WHERE version <= ? AND version >= ?"
    " AND (version, id) > (?, ?) ORDER BY version, id LIMIT ?"
)
_ENDED_OF = (
    "SELECT version, id, tag, row, sealed FROM ended WHERE tag = ? AND version > ?"
    " AND version <= ? ORDER BY version, id"
)
LAST = (1 << 63) - 1
"""Behind every id."""


class Begun(NamedTuple):
    """A row that stands: its id, the version that it came with, and its values."""

    id: int
    version: int
    values: list[str]


class Gone(NamedTuple):
    """A row that a version has ended, of which nothing is kept but what names it."""

    id: int
    version: int
    subject: str
    row_key: str


class FollowedReader(GenerationReader):
    """Reads one generation by subject, and in order; raises as ``GenerationReader`` does."""

    def __init__(self, path: Path, dataset: str, name: str, keys: GenerationKeys) -> None:
        super().__init__(path, dataset, name, keys)
        self._ended = False

    @property
    def floor(self) -> int:
        """The newest version of which is not told any more what ended with it."""
        return floor(self._connection)

    def in_order(self, after: int, version: int, limit: int) -> list[Begun]:
        """Rows that stand in ``version`` with ids above ``after``; raises ``SealBroken``."""
        found = self._connection.execute(_IN_ORDER, (version, version, after, limit))
        return [self._begun(row) for row in found]

    def begun(self, after: tuple[int, int], version: int, limit: int) -> list[Begun]:
        """Rows that came after version and id ``after``, and stand, in that order."""
        if version <= 1:
            return []
        values = (version, version, after[0], *after, limit)
        return [self._begun(row) for row in self._connection.execute(_BEGUN, values)]

    def ended(self, after: tuple[int, int], version: int, limit: int) -> list[Gone]:
        """What has ended after version and id ``after``, up to ``version``, in that order."""
        if not self._has_ended():
            return []
        values = (version, after[0], *after, limit)
        return [self._gone(row) for row in self._connection.execute(_ENDED, values)]

    def begun_of(self, subject: str, version: int) -> list[Begun]:
        """The rows of a subject that stand in ``version``, in the order in which they came."""
        values = (version, version, self._keys.index.tag("subject", subject))
        return [self._begun(row) for row in self._connection.execute(_BEGUN_OF, values)]

    def ended_of(self, subject: str, after: int, version: int) -> list[Gone]:
        """What of a subject has ended after version ``after``, up to ``version``."""
        if not self._has_ended():
            return []
        values = (self._keys.index.tag("subject", subject), after, version)
        return [self._gone(row) for row in self._connection.execute(_ENDED_OF, values)]

    def _has_ended(self) -> bool:
        self._ended = self._ended or has_ended(self._connection)
        return self._ended

    def _begun(self, row: tuple[int, int, bytes, bytes, bytes]) -> Begun:
        id_, first, tag, key, sealed = row
        aad = row_aad(self._dataset, self._name, tag, key, first)
        values: list[str] = orjson.loads(self._keys.seal.open(sealed, aad))
        return Begun(id_, first, values)

    def _gone(self, row: tuple[int, int, bytes, bytes, bytes]) -> Gone:
        version, id_, tag, key, sealed = row
        place = ended_aad(self._dataset, self._name, tag, key, version)
        subject, row_key = orjson.loads(self._keys.seal.open(sealed, place))
        return Gone(id_, version, str(subject), str(row_key))
