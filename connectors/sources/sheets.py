"""One sheet as a source: headings below titles, merged cells filled, blank rows passed over.

Hidden rows are rows. A row is blank if none of its own cells holds anything; what a merged cell
lends it does not count.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from catalog.definition import Item
from connectors.sources.batches import batches
from connectors.sources.cells import Cell, Spoilt, shown, text_of
from connectors.sources.errors import SourceEmpty
from connectors.sources.files import StillFile
from connectors.sources.headings import TITLE_ROWS, Wanted
from connectors.sources.lines import line_writer
from connectors.sources.source import BATCH, Fault, Line, Row, check_columns
from connectors.sources.watch import Watch
from connectors.sources.xlsx_rows import Merge, SheetRow

_Read = TypeVar("_Read")
NUMBER_CELLS = "number-cells"


class Reader(Protocol):
    """Reads a sheet, as often as asked."""

    @property
    def merges(self) -> Sequence[Merge]:
        """The merged cells, once the rows were read to their end."""

    def rows(self) -> Iterator[SheetRow]:
        """The rows that have cells, in order."""


@dataclass(frozen=True, slots=True)
class SheetSource:
    """A sheet that has been looked through to its end."""

    file: StillFile
    sheet: str
    reader: Reader
    from_1904: bool
    columns: tuple[str, ...]
    heading_row: int
    """The row of the headings in the sheet, from 1."""
    header_row: int
    """The last row that belongs to them."""
    width: int
    """Columns in which anything stands."""
    merges: Mapping[int, Sequence[Merge]]
    """Merges over several rows, by their first row."""
    met: dict[str, int | str] = field(default_factory=dict)
    """``number-cells`` is known once the lines were read: numbers where texts belong."""
    total: int | None = None
    """Rows, where that was counted."""

    @property
    def path(self) -> Path:
        """Where the workbook is."""
        return self.file.path

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.file.name

    @property
    def beside(self) -> Path:
        """The rejected rows are written beside the workbook."""
        return self.file.path

    def rows(self, indices: Sequence[int]) -> Iterator[Sequence[Row | Fault]]:
        """The cells as they show; raises ``WorkbookBroken`` or ``SourceChanged``."""

        def read(row: SheetRow) -> Row:
            return self._shown(row, indices)

        return batches(self._still(read), BATCH)

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns as lines; raises as ``rows`` does."""
        write, odd = line_writer(), watch.odd
        self.met.pop(NUMBER_CELLS, None)

        def read(row: SheetRow) -> Line:
            try:
                values = self._values(row, watch)
            except Spoilt as spoilt:
                cells = self._shown(row, range(len(self.columns)))
                return "", Fault(row.number, spoilt.why, spoilt.column, cells), row.number
            if odd(values):
                return "", values, row.number
            return write(values), None, row.number

        return batches(self._still(read), BATCH)

    def numbers(self) -> Iterator[int]:
        """The number in the sheet of each row, in order."""
        return (row.number for row in self._filled())

    def _values(self, row: SheetRow, watch: Watch) -> Row:
        values: list[str | None] = []
        for index, item in zip(watch.indices, watch.items, strict=True):
            cell = row.cells.get(index)
            if cell is None:
                values.append(None)
                continue
            try:
                values.append(text_of(cell, item, from_1904=self.from_1904) or None)
            except Spoilt as spoilt:
                spoilt.column = index
                raise
            if cell.kind == "number" and not cell.pad and is_text(item):
                self.met[NUMBER_CELLS] = int(self.met.get(NUMBER_CELLS, 0)) + 1
        return tuple(values)

    def _shown(self, row: SheetRow, indices: Sequence[int]) -> Row:
        cells = row.cells
        return tuple(
            shown(cells[index], from_1904=self.from_1904) or None if index in cells else None
            for index in indices
        )

    def _still(self, read: Callable[[SheetRow], _Read]) -> Iterator[_Read]:
        for row in self._filled():
            yield read(row)
        self.file.check()

    def _filled(self) -> Iterator[SheetRow]:
        """The rows below the headings that are not blank, with what merged cells lend them."""
        lent: dict[int, tuple[int, Cell]] = {}
        for row in self.reader.rows():
            for merge in self.merges.get(row.number, ()):
                cell = row.cells.get(merge.first_column)
                if cell is not None:
                    lent[merge.first_column] = (merge.last_row, cell)
            if row.number <= self.header_row or is_blank(row):
                continue
            for column, (last, cell) in list(lent.items()):
                if row.number > last:
                    del lent[column]
                else:
                    row.cells.setdefault(column, cell)
            yield row


def is_text(item: Item) -> bool:
    """Whether values of an item keep their leading zeros."""
    return item.type not in {"integer", "decimal", "date", "boolean"}


def is_blank(row: SheetRow) -> bool:
    """Whether nothing stands in a row."""
    return not any(cell.kind != "text" or cell.value.strip() for cell in row.cells.values())


def headings(row: SheetRow) -> list[str]:
    """The texts of a row, from the first column on."""
    width = max(row.cells, default=-1) + 1
    return [
        row.cells[at].value.strip() if at in row.cells and row.cells[at].kind == "text" else ""
        for at in range(width)
    ]


def top_rows(reader: Reader) -> list[SheetRow]:
    """The first rows that are not blank."""
    found: list[SheetRow] = []
    for row in reader.rows():
        if not is_blank(row):
            found.append(row)
        if len(found) == TITLE_ROWS:
            break
    return found


def open_sheet(
    file: StillFile, sheet: str, reader: Reader, wanted: Wanted | None, *, from_1904: bool = False
) -> SheetSource:
    """Look a sheet through to its end.

    Raises ``SourceEmpty``, ``ColumnTwice``, ``TooManyColumns`` or ``WorkbookBroken``.
    """
    survey = _survey(reader)
    top, merges = survey.top, survey.merges
    if not top:
        raise SourceEmpty(file=file.name)
    candidates = _with_merges(top, merges)
    at = 0 if wanted is None else wanted.place(candidates)
    header_row = max(
        (merge.last_row for merge in merges.get(top[at].number, ())), default=top[at].number
    )
    columns = check_columns(_stripped(candidates[at]))
    for row in top[at + 1 :]:
        if row.number > header_row:
            survey.note(row)
    if not survey.rows:
        raise SourceEmpty(file=file.name)
    found: dict[str, int | str] = {"sheet": sheet, **survey.met}
    if at:
        found["title-rows"] = at
    merged = sum(len(each) for first, each in merges.items() if first > header_row)
    if merged:
        found["merged-cells"] = merged
    return SheetSource(
        file,
        sheet,
        reader,
        from_1904,
        columns,
        heading_row=top[at].number,
        header_row=header_row,
        width=survey.width,
        merges=merges,
        met=found,
        total=survey.rows,
    )


@dataclass(slots=True)
class _Survey:
    """What a sheet holds: its first rows, merges over several rows, and counts of the others."""

    top: list[SheetRow] = field(default_factory=list)
    merges: dict[int, list[Merge]] = field(default_factory=dict)
    width: int = 0
    rows: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def note(self, row: SheetRow) -> None:
        """Count a row below the headings."""
        self.rows += 1
        if row.hidden:
            self.met["hidden-rows"] += 1
        for cell in row.cells.values():
            if cell.formula:
                self.met["formulas"] += 1
            if cell.kind == "date":
                self.met["date-cells"] += 1


def _survey(reader: Reader) -> _Survey:
    """Read a sheet to its end."""
    found = _Survey()
    for row in reader.rows():
        if is_blank(row):
            continue
        found.width = max(found.width, max(row.cells) + 1)
        if len(found.top) < TITLE_ROWS:
            found.top.append(row)
        else:
            found.note(row)
    for merge in reader.merges:
        if merge.last_row > merge.first_row:
            found.merges.setdefault(merge.first_row, []).append(merge)
    return found


def _with_merges(top: Sequence[SheetRow], merges: Mapping[int, Sequence[Merge]]) -> list[list[str]]:
    """The texts of the first rows; headings in two rows have some merged over both."""
    found: list[list[str]] = []
    lent: dict[int, tuple[int, str]] = {}
    for row in top:
        texts = headings(row)
        for column, (last, text) in lent.items():
            if row.number <= last:
                texts += [""] * (column + 1 - len(texts))
                texts[column] = texts[column] or text
        for merge in merges.get(row.number, ()):
            if merge.first_column < len(texts):
                lent[merge.first_column] = (merge.last_row, texts[merge.first_column])
        found.append(texts)
    return found


def _stripped(cells: Sequence[str]) -> list[str]:
    """Headings without the blank ones at the right."""
    width = max((at + 1 for at, cell in enumerate(cells) if cell), default=0)
    return list(cells[:width])
