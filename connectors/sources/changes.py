"""A change set of two sources: rows to put in, and keys of rows to delete.

    1  the rows of the first one, each with the operation ``upsert``
    2  the rows of the second one, each with ``delete`` and its row key, everything else blank

A source with a column of operations of its own needs none of this.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from catalog.definition import Dataset
from connectors.sources.batches import batches
from connectors.sources.lines import written
from connectors.sources.mapping import ColumnMapping, Match, match_columns
from connectors.sources.operations import OPERATION
from connectors.sources.source import BATCH, Fault, Line, Row, Source
from connectors.sources.watch import Watch

_UPSERT, _DELETE = "upsert", "delete"


@dataclass(frozen=True, slots=True)
class ChangeSource:
    """Both of them, under the columns of the first with the operation before them.

    ``keys`` gives the column of the second one that stands in each column of the first, if one
    does. Without a first one the columns are the items that a row must have.
    """

    upserts: Source | None
    deletes: Source | None
    headings: tuple[str, ...]
    keys: tuple[int | None, ...]

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self._first.name

    @property
    def beside(self) -> Path:
        """The rejected rows are written beside the first one."""
        return self._first.beside

    @property
    def columns(self) -> tuple[str, ...]:
        """The operation, and the headings of the first one."""
        return (OPERATION.code, *self.headings)

    @property
    def met(self) -> Mapping[str, int | str]:
        """What was met in reading the first one."""
        return self._first.met

    @property
    def total(self) -> int | None:
        """The rows of both."""
        counts = [source.total for source in self._both]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def _both(self) -> tuple[Source, ...]:
        return tuple(source for source in (self.upserts, self.deletes) if source is not None)

    @property
    def _first(self) -> Source:
        return self._both[0]

    def rows(self, indices: Sequence[int]) -> Iterator[Sequence[Row | Fault]]:
        """The values of the columns ``indices``; raises as those of the two sources do."""
        inner = [index - 1 for index in indices if index]
        if self.upserts is not None:
            for batch in self.upserts.rows(inner):
                yield [_placed(row, _UPSERT, indices) for row in batch]
        for part in self._keys(inner):
            yield [_placed(row, _DELETE, indices) for row in part]

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns as lines, of which the operation is the first."""
        inner = Watch(
            [(at - 1, item) for at, item in zip(watch.indices, watch.items, strict=True) if at]
        )
        if self.upserts is not None:
            for batch in self.upserts.lines(inner):
                yield [_with_operation(line) for line in batch]
        rows = chain.from_iterable(self._keys(inner.indices))
        deletes = ((0, _placed(row, _DELETE, watch.indices)) for row in rows)
        yield from batches(written(deletes, watch), BATCH)

    def _keys(self, inner: Sequence[int]) -> Iterator[Sequence[Row | Fault]]:
        """The rows of the second one in the columns ``inner`` of the first."""
        if self.deletes is None:
            return
        places = [self.keys[index] for index in inner]
        wanted = [place for place in places if place is not None]
        for batch in self.deletes.rows(wanted):
            yield [row if isinstance(row, Fault) else _spread(row, places) for row in batch]


def with_deletes(
    upserts: tuple[Source, ColumnMapping] | None,
    deletes: Source | None,
    dataset: Dataset,
    corrections: Mapping[str, str],
) -> tuple[ChangeSource, ColumnMapping]:
    """The change set, and its mapping; raises as ``match_columns`` does for the keys."""
    keys: dict[str, int] = {}
    if deletes is not None:
        # A correction speaks of the first source; the second one need not have that column.
        given = corrections if upserts is None else {}
        matched = match_columns(deletes.columns, dataset, given, keys_only=True)
        keys = {match.item.code: match.index for match in matched.matches}
    if upserts is None:
        items = [item for item in dataset.items if item.required or item.code in dataset.row_key]
        headings = tuple(item.title_zh for item in items)
        matches = tuple(Match(at + 1, item.title_zh, item) for at, item in enumerate(items))
        mapping = ColumnMapping(matches, (), (), operation=0)
    else:
        headings = upserts[0].columns
        shifted = (replace(match, index=match.index + 1) for match in upserts[1].matches)
        mapping = replace(upserts[1], matches=tuple(shifted), operation=0)
    found: list[int | None] = [None] * len(headings)
    for match in mapping.matches:
        if match.item.code in dataset.row_key:
            found[match.index - 1] = keys.get(match.item.code)
    source = None if upserts is None else upserts[0]
    return ChangeSource(source, deletes, headings, tuple(found)), mapping


def _placed(row: Row | Fault, operation: str, indices: Sequence[int]) -> Row | Fault:
    """A row's values with the operation where it is wanted."""
    if isinstance(row, Fault):
        return _moved(row)
    values = iter(row)
    return tuple(next(values) if index else operation for index in indices)


def _with_operation(line: Line) -> Line:
    text, row, place = line
    if row is None:
        return f"{_UPSERT},{text}", None, place
    if isinstance(row, Fault):
        return text, _moved(row), place
    return text, (_UPSERT, *row), place


def _moved(fault: Fault) -> Fault:
    """A fault of a source whose columns stand one place further here."""
    return fault if fault.column is None else replace(fault, column=fault.column + 1)


def _spread(row: Row, places: Sequence[int | None]) -> Row:
    values = iter(row)
    return tuple(None if place is None else next(values) for place in places)
