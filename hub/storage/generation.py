"""A sealed generation of a dataset: one database file of rows that name nobody.

A row is its values in the order of the definition's items, as a JSON array of strings, sealed
under the generation's key. It is found by the blind index of its subject; ``first`` and ``last``
are the versions with which it came and ended.
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
_TABLE = """
    CREATE TABLE rows (
        id INTEGER PRIMARY KEY,
        tag BLOB NOT NULL,
        row BLOB NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER,
        sealed BLOB NOT NULL
    )
"""
_READ = (
    "SELECT row, first, sealed FROM rows"
    " WHERE tag = ? AND first <= ? AND (last IS NULL OR last > ?)"
)
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


class GenerationWriter:
    """Fills a new generation; nobody reads it before its pointer is moved."""

    def __init__(self, path: Path, dataset: str, name: str, keys: GenerationKeys) -> None:
        self.connection: Connection = connect(path, "rwc")
        self.connection.execute(_TABLE)
        self._dataset = dataset
        self._name = name
        self._keys = keys

    def seal(self, subject: str, row_key: str, values: Sequence[str], version: int) -> SealedRow:
        """Seal one row; ``values`` in the order of the definition's items."""
        tag = self._keys.index.tag(_SUBJECT, subject)
        row = self._keys.index.row(tag, row_key)
        aad = row_aad(self._dataset, self._name, tag, row, version)
        return tag, row, version, self._keys.seal.seal(orjson.dumps(values), aad)

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

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
