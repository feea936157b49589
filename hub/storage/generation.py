"""A sealed generation of a dataset: one database file of rows that name nobody.

A row is its values in the order of the definition's items, as a JSON array of strings, sealed
under the generation's key. It is found by the blind index of its subject, and by that of its row
key; ``first`` and ``last`` are the versions with which it came and ended (``versions.py``).
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import orjson

from certs.sealing import KEY_BYTES, BlindIndex, SealingKey, Wrapping, row_aad
from hub.errors import StorageRefused
from hub.storage.sqlite import Connection, DatabaseError, connect
from hub.storage.wrapped import generation_context

ROW_KEY_SEPARATOR = "\x1f"
"""Between the parts of a row key; no accepted value holds a control character."""

SealedRow: TypeAlias = "tuple[bytes, bytes, int, bytes]"
"""tag, row, first version, sealed values."""

_SUBJECT = "subject"
FIRST_VERSION = 1
"""The version of a generation as it is published; each change set to it adds one."""

STANDS = "first <= ? AND (last IS NULL OR last > ?)"
"""Whether a row stands in a version, which is given twice."""

_TABLES = (
    """
    CREATE TABLE rows (
        id INTEGER PRIMARY KEY,
        tag BLOB NOT NULL,
        row BLOB NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER,
        sealed BLOB NOT NULL
    )
    """,
    # Digests of blocks of rows, by the version that gave a block this one (hub/publish/digest.py);
    # NULL for a block of which no row is left.
    """
    CREATE TABLE blocks (
        number INTEGER NOT NULL,
        version INTEGER NOT NULL,
        digest BLOB,
        PRIMARY KEY (number, version)
    ) WITHOUT ROWID
    """,
)
_READ = f"SELECT row, first, sealed FROM rows WHERE tag = ? AND {STANDS}"  # noqa: S608 no input
_TOGETHER = 64
"""Subjects that one statement reads."""
_READ_MANY = (
    "SELECT tag, row, first, sealed FROM rows WHERE first <= ? AND (last IS NULL OR last > ?)"  # noqa: S608 no input
    f" AND tag IN ({', '.join('?' * _TOGETHER)})"
)
_READ_TAGS = _READ_MANY.replace("tag, row, first, sealed", "DISTINCT tag")
_MMAP = 64 << 30


@dataclass(frozen=True, slots=True)
class GenerationKeys:
    """The two keys of one generation."""

    seal: SealingKey
    index: BlindIndex

    @classmethod
    def create(cls, master: Wrapping, dataset: str, name: str) -> tuple["GenerationKeys", bytes]:
        """New keys, and the blob in which the master key wraps them."""
        raw = os.urandom(2 * KEY_BYTES)
        return cls.of(raw), master.wrap(raw, generation_context(dataset, name))

    @classmethod
    def unwrap(cls, master: Wrapping, blob: bytes, dataset: str, name: str) -> "GenerationKeys":
        """The keys of a stored generation; raises ``SealBroken``."""
        return cls.of(master.unwrap(blob, generation_context(dataset, name)))

    @classmethod
    def of(cls, raw: bytes) -> "GenerationKeys":
        """The two keys, one after the other; raises ``KeyUnusable``."""
        return cls(SealingKey(raw[:KEY_BYTES]), BlindIndex(raw[KEY_BYTES:]))


class RowSealer:
    """Seals rows of one generation."""

    def __init__(self, dataset: str, name: str, keys: GenerationKeys) -> None:
        self._dataset = dataset
        self._name = name
        self._keys = keys
        self.row = keys.index.row
        """The blind index of a row key."""

    def seal(self, subject: str, row_key: str, values: Sequence[str], version: int) -> SealedRow:
        """Seal one row; ``values`` in the order of the definition's items."""
        tag = self._keys.index.tag(_SUBJECT, subject)
        row = self._keys.index.row(row_key)
        aad = row_aad(self._dataset, self._name, tag, row, version)
        return tag, row, version, self._keys.seal.seal(orjson.dumps(values), aad)


class GenerationWriter(RowSealer):
    """Fills a new generation; nobody reads it before its pointer is moved."""

    def __init__(self, path: Path, dataset: str, name: str, keys: GenerationKeys) -> None:
        super().__init__(dataset, name, keys)
        self.connection: Connection = connect(path, "rwc")
        for table in _TABLES:
            self.connection.execute(table)

    def insert(self, rows: Iterable[SealedRow]) -> None:
        """Write sealed rows; call inside a transaction of the writer's connection."""
        self.connection.executemany(
            "INSERT INTO rows (tag, row, first, sealed) VALUES (?, ?, ?, ?)", rows
        )

    def index(self) -> None:
        """Build the index that lookups need, once all rows are there."""
        self.connection.execute("CREATE INDEX rows_by_tag ON rows (tag)")

    def close(self) -> None:
        """Fold the write-ahead log into the file, and close."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()


class GenerationGone(StorageRefused):
    """The generation was replaced between decision and reading: decide again."""

    code = "generation-gone"


class GenerationReader:
    """Reads one generation by subject; raises ``GenerationGone`` if its file is not whole there.

    The file is read once at once: what is open stays readable after it has been replaced.
    """

    def __init__(self, path: Path, dataset: str, name: str, keys: GenerationKeys) -> None:
        try:
            self._connection = connect(path, "ro")
            self._connection.execute(f"PRAGMA mmap_size={_MMAP}")
            self._connection.execute(_READ, (b"", 0, 0)).fetchone()
        except (StorageRefused, DatabaseError) as error:
            raise GenerationGone(why="generation-gone") from error
        self._dataset = dataset
        self._name = name
        self._keys = keys

    def read(self, subject: str, version: int) -> list[list[str]]:
        """The rows of a subject that stand in ``version``; raises ``SealBroken``."""
        tag = self._keys.index.tag(_SUBJECT, subject)
        found: list[list[str]] = []
        # The driver looks for an adapter of every bytes, and takes a bytearray as it is.
        key = bytearray(tag)
        for row, first, sealed in self._connection.execute(_READ, (key, version, version)):
            aad = row_aad(self._dataset, self._name, tag, row, first)
            values: list[str] = orjson.loads(self._keys.seal.open(sealed, aad))
            found.append(values)
        return found

    def read_many(self, subjects: Sequence[str], version: int) -> list[list[list[str]]]:
        """The same for each subject, in order; one statement reads many of them."""
        tag_of, opened = self._keys.index.tag, self._keys.seal.open
        tags = [tag_of(_SUBJECT, subject) for subject in subjects]
        found: dict[bytes, list[list[str]]] = {tag: [] for tag in tags}
        keys = [bytearray(tag) for tag in found]
        keys += [bytearray()] * (-len(keys) % _TOGETHER)  # no tag is empty
        for start in range(0, len(keys), _TOGETHER):
            wanted = keys[start : start + _TOGETHER]
            for tag, row, first, sealed in self._connection.execute(
                _READ_MANY, (version, version, *wanted)
            ):
                aad = row_aad(self._dataset, self._name, tag, row, first)
                values: list[str] = orjson.loads(opened(sealed, aad))
                found[tag].append(values)
        return [found[tag] for tag in tags]

    def standing(self, subjects: Sequence[str], version: int) -> set[str]:
        """Those of the subjects that have a row in ``version``; no row is opened."""
        by_tag = {self._keys.index.tag(_SUBJECT, subject): subject for subject in subjects}
        # In the order of the index, neighbours are read from one page.
        keys = [bytearray(tag) for tag in sorted(by_tag)]
        keys += [bytearray()] * (-len(keys) % _TOGETHER)
        found: set[str] = set()
        for start in range(0, len(keys), _TOGETHER):
            wanted = keys[start : start + _TOGETHER]
            for (tag,) in self._connection.execute(_READ_TAGS, (version, version, *wanted)):
                found.add(by_tag[tag])
        return found

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
