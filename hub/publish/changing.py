"""The sealer's part for a change set: it writes the next version into a standing generation.

Rows come in the order of the source, and the later row of a key wins. An upsert becomes a row that
comes with the next version, and what stood under its key ends with it. A delete of what does not
stand leaves an empty row that comes and ends at once, so that a later row of the set finds it and
the end can count it. Nobody sees any of this before the version moves.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hub.clock import system_clock
from hub.errors import StorageRefused
from hub.publish.digest import Standing
from hub.publish.fragments import ROW_SEPARATOR, VALUE_SEPARATOR
from hub.publish.operations import DELETE
from hub.publish.orders import Changed, Order, Written
from hub.storage.ended import Ender
from hub.storage.generation import ROW_KEY_SEPARATOR, GenerationKeys, RowSealer
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection
from hub.storage.versions import (
    is_changeable,
    lock_of,
    make_changeable,
    open_standing,
    take_back,
)

_AT_ONCE = 50_000
"""Rows of one transaction. Readers do not wait for it, and fewer write fewer pages: rows of one
set lie all over the file, and their blind indexes all over its indexes."""
_FIND = """
    SELECT id, first FROM rows INDEXED BY rows_by_row
    WHERE row = ? AND (last IS NULL OR last >= ?)
"""
_INSERT = "INSERT INTO rows (tag, row, first, last, sealed) VALUES (?, ?, ?, ?, ?)"
_REPLACED = """
    SELECT count(*) FROM rows AS new INDEXED BY rows_begun
    WHERE first > 1 AND first = ?1 AND last IS NULL AND EXISTS (
        SELECT 1 FROM rows AS old INDEXED BY rows_by_row
        WHERE old.row = new.row AND old.last = ?1 AND old.first < ?1
    )
"""
_NEW = "FROM rows INDEXED BY rows_begun WHERE first > 1 AND first = ?1 AND last IS NULL"
_ENDED = "FROM rows INDEXED BY rows_ended WHERE last = ?1 AND first < ?1"
_ABSENT = "FROM rows INDEXED BY rows_ended WHERE last = ?1 AND first = ?1"
_COUNTS = (
    f"SELECT (SELECT count(*) {_NEW}), (SELECT count(*) {_ENDED}), (SELECT count(*) {_ABSENT})"
)
_TOUCHED = f"SELECT id {_NEW} UNION ALL SELECT id {_ENDED}"

_Row = tuple[bytes, bytes, int, int | None, bytes]


class _Wanted(NamedTuple):
    """What is to become of one row key; no values for a delete."""

    values: list[str] | None


class ChangeWriter:
    """Writes one change set; holds the generation's lock until ``close``.

    Raises ``GenerationAltered`` if the file is not what the order says of it.
    """

    def __init__(self, order: Order, keys: GenerationKeys) -> None:
        path = Path(order.path)
        if not path.exists():
            raise StorageRefused(why="generation-gone")
        self._order = order
        self._sealer = RowSealer(order.dataset, order.generation, keys)
        self._ender = Ender(keys, order.dataset, order.generation, order.subject, order.row_key)
        self._taken = 0
        self._lock: FileLock = lock_of(path)
        self._lock.__enter__()
        self._connection: Connection = open_standing(path)
        # What an attempt before this one wrote must not be seen with what this one writes.
        if is_changeable(self._connection):
            take_back(self._connection, order.version - 1)
        make_changeable(self._connection)
        self._standing = Standing(self._connection, order.version - 1, order.digest)

    def write(self, lines: bytes) -> None:
        """Take the next rows of the source, as ``checker.Batch.lines`` has them."""
        rows = lines.decode().split(ROW_SEPARATOR)
        self._taken += len(rows)
        for start in range(0, len(rows), _AT_ONCE):
            self._apply(self._wanted(rows[start : start + _AT_ONCE]))

    def finish(self) -> Written:
        """Digest and counts of the version that is there now; all of it is durable."""
        version = (self._order.version,)
        # The next commit syncs the log with all that came before it.
        self._connection.execute("PRAGMA synchronous=FULL")
        digest = self._standing.change(
            id_ for (id_,) in self._connection.execute(_TOUCHED, version)
        )
        # Behind the digest: what somebody has altered ends it before it is opened.
        with self._transaction():
            self._ender.note(self._connection, self._order.version, system_clock())
        upserted, ended, absent = self._connection.execute(_COUNTS, version).fetchone()
        (replaced,) = self._connection.execute(_REPLACED, version).fetchone()
        inserted, deleted = upserted - replaced, ended - replaced
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Written(
            rows=self._order.rows + inserted - deleted,
            digest=digest,
            taken=self._taken,
            changed=Changed(
                upserted=upserted,
                inserted=inserted,
                deleted=deleted,
                absent=absent,
                superseded=self._taken - upserted - deleted - absent,
            ),
        )

    def close(self) -> None:
        """Close the file, and give its lock up."""
        self._connection.close()
        self._lock.close()

    def _wanted(self, rows: Iterable[str]) -> Mapping[str, _Wanted]:
        """By row key, what the last of these rows wants."""
        wanted: dict[str, _Wanted] = {}
        row_key = self._order.row_key
        for row in rows:
            *values, operation, _ = row.split(VALUE_SEPARATOR)
            key = ROW_KEY_SEPARATOR.join([values[place] for place in row_key])
            wanted[key] = _Wanted(None if operation == DELETE else values)
        return wanted

    def _apply(self, wanted: Mapping[str, _Wanted]) -> None:
        version = self._order.version
        connection = self._connection
        with self._transaction():
            superseded: list[int] = []
            ending: list[int] = []
            new: list[_Row] = []
            for key, (values,) in wanted.items():
                row = self._sealer.row(key)
                stands = False
                for id_, first in connection.execute(_FIND, (bytearray(row), version)):
                    if first == version:
                        superseded.append(id_)
                    else:
                        stands = True
                        ending.append(id_)
                if values is not None:
                    subject = values[self._order.subject]
                    tag, row, first, sealed = self._sealer.seal(subject, key, values, version)
                    new.append((tag, row, first, None, sealed))
                elif not stands:
                    new.append((b"", row, version, version, b""))
            # In the order of the file: neighbours lie on one page.
            connection.executemany(
                "DELETE FROM rows WHERE id = ?", ((id_,) for id_ in sorted(superseded))
            )
            connection.executemany(
                "UPDATE rows SET last = ? WHERE id = ?", ((version, id_) for id_ in sorted(ending))
            )
            connection.executemany(_INSERT, new)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        yield
        self._connection.execute("COMMIT")
