"""A source on its way to the hub: every row looked at, evened out, counted, and cut into chunks.

What is found is known once the last chunk was taken. A row that cannot be read goes empty under
its number: the hub then rejects it for its missing items, and both sides count the same rows.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.sources.chunks import Chunk, cut
from connectors.sources.errors import SourceUnread
from connectors.sources.lines import line_writer
from connectors.sources.mapping import ColumnMapping
from connectors.sources.operations import (
    DELETES,
    OPERATION,
    OPERATION_UNKNOWN,
    UPSERTS,
    read_operation,
)
from connectors.sources.settle import FAULTS, settle
from connectors.sources.source import MAX_FAULTS, Fault, Row, Source
from connectors.sources.watch import Watch

SHOWN = 10
"""Places of one kind that are told; the file of rejected rows has all."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is known of a row that the hub rejects: ``item`` is empty for the whole row.

    ``place`` is as in ``Fault``, or 0 where only the row's number is known. ``cells`` are those of
    a row that cannot be read.
    """

    why: str
    item: str = ""
    place: int = 0
    whole: bool = True
    cells: Row = ()


class Intake:
    """One passage of a source's matched columns."""

    def __init__(self, source: Source, mapping: ColumnMapping) -> None:
        self.source = source
        self.mapping = mapping
        self.rows = 0
        self.normalised: Counter[tuple[str, str]] = Counter()
        """Values that were evened out, by item and kind."""
        self.remarked: Counter[tuple[str, str]] = Counter()
        """What spoils rows, by item (empty for the whole row) and reason."""
        self.remarks: dict[int, Remark] = {}
        """By row, from 1; those of whole rows are complete."""
        self.operations: Counter[str] = Counter()
        """Rows of a change set, by what is done with them."""
        changing = [] if mapping.operation is None else [(mapping.operation, OPERATION)]
        self._changing = bool(changing)
        self._watch = Watch([*changing, *((match.index, match.item) for match in mapping.matches)])
        self._items = {match.index: match.item.code for match in mapping.matches}
        self._blank = "," * (len(mapping.matches) - 1)
        if self._changing:
            self._blank = f"upsert,{self._blank}"
        self._unread = 0

    def chunks(self, limit: int) -> Iterator[Chunk]:
        """The rows as chunks of at most ``limit`` bytes; raises ``SourceError`` subclasses."""
        return cut(self._lines(), limit)

    def places(self, item: str, why: str) -> list[int]:
        """The first places of one kind of remark."""
        found = (
            remark.place or row
            for row, remark in self.remarks.items()
            if (remark.item, remark.why) == (item, why)
        )
        return [place for place, _ in zip(found, range(SHOWN), strict=False)]

    def _lines(self) -> Iterator[str]:
        write = line_writer()
        for batch in self.source.lines(self._watch):
            for line, row, place in batch:
                self.rows += 1
                if isinstance(row, Fault):
                    yield self._fault(row)
                    continue
                sent: str | None = line
                if row is not None:
                    settled = self._settle(row, place)
                    sent = None if settled is None else write(settled)
                if sent is not None and self._changing:
                    sent = self._counted(sent, place)
                yield self._blank if sent is None else sent

    def _counted(self, line: str, place: int) -> str | None:
        """The line of a change set, counted by its operation; None if it has none."""
        if line.startswith(DELETES):
            self.operations["delete"] += 1
        elif line.startswith(UPSERTS):
            self.operations["upsert"] += 1
        else:
            # What is empty is not looked at twice.
            self._remark(Remark(OPERATION_UNKNOWN, OPERATION.code, place))
            return None
        return line

    def _settle(self, row: Row, place: int) -> Row | None:
        """The row as it is sent; ``None`` if a sheet has spoilt it."""
        values = list(row)
        kinds: list[tuple[str, str]] = []
        if self._changing:
            values[0] = read_operation(row[0])
            if values[0] is None:
                self._remark(Remark(OPERATION_UNKNOWN, OPERATION.code, place, cells=row))
                return None
        for at, item in enumerate(self._watch.items):
            raw = values[at]
            if not raw:
                continue
            settled = settle(item, raw)
            if settled.spoilt in FAULTS:
                self._remark(Remark(settled.spoilt, item.code, place, cells=row))
                return None
            if settled.spoilt:
                self._remark(Remark(settled.spoilt, item.code, place, whole=False))
            values[at] = settled.value
            kinds += [(item.code, kind) for kind in settled.kinds]
        self.normalised.update(kinds)
        return tuple(values)

    def _fault(self, fault: Fault) -> str:
        item = "" if fault.column is None else self._items.get(fault.column, "")
        self._remark(Remark(fault.why, item, fault.place, cells=fault.cells))
        return self._blank

    def _remark(self, remark: Remark) -> None:
        self.remarked[remark.item, remark.why] += 1
        if remark.whole:
            self._unread += 1
            if self._unread > MAX_FAULTS:
                lines = ", ".join(str(place) for place in self.places(remark.item, remark.why))
                raise SourceUnread(file=self.source.name, limit=MAX_FAULTS, lines=lines)
        elif len(self.remarks) > MAX_FAULTS:
            return
        if remark.whole or self.rows not in self.remarks:
            self.remarks[self.rows] = remark
