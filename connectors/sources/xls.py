"""XLS files of Excel 97 to 2003, read by ``python-calamine``: at most 65,536 rows, so held whole.

What that reader does not give cannot be told: hidden rows, formulas, and errors, which come as
empty cells. Whoever needs those told saves the file as XLSX.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path

import python_calamine as calamine

from connectors.sources.cells import Cell, serial_of
from connectors.sources.errors import SheetUnclear, SheetUnknown, SourceMissing, WorkbookBroken
from connectors.sources.files import StillFile
from connectors.sources.headings import Wanted
from connectors.sources.sheets import SheetSource, headings, open_sheet, top_rows
from connectors.sources.xlsx_rows import Merge, SheetRow

_Value = str | float | bool | date | time | timedelta


@dataclass(frozen=True, slots=True)
class XlsReader:
    """The rows of a sheet that was read whole."""

    table: list[list[_Value]]
    merges: tuple[Merge, ...]

    def rows(self) -> Iterator[SheetRow]:
        """The rows, in order."""
        for number, values in enumerate(self.table, 1):
            cells = {at: _cell(value) for at, value in enumerate(values) if value != ""}
            if cells:
                yield SheetRow(number, hidden=False, cells=cells)


def open_xls(path: Path, wanted: Wanted | None = None, sheet: str | None = None) -> SheetSource:
    """Look a workbook through; chooses the sheet and raises as ``open_xlsx`` does."""
    file = StillFile.of(path)
    try:
        with calamine.load_workbook(path) as book:
            found = [
                (each.name, book.get_sheet_by_name(each.name))
                for each in book.sheets_metadata
                if each.typ == calamine.SheetTypeEnum.WorkSheet
                and (sheet is not None or each.visible == calamine.SheetVisibleEnum.Visible)
            ]
            readers = {name: _reader(each) for name, each in found}
    except calamine.PasswordError as error:
        raise WorkbookBroken(file=path.name, why="password") from error
    except calamine.CalamineError as error:
        raise WorkbookBroken(file=path.name, why="not-a-workbook") from error
    except OSError as error:
        raise SourceMissing(file=path.name) from error
    name = _choose(readers, wanted, sheet, path.name)
    return open_sheet(file, name, readers[name], wanted)


def _reader(sheet: calamine.CalamineSheet) -> XlsReader:
    merges = tuple(
        Merge(first[0] + 1, first[1], last[0] + 1, last[1])
        for first, last in sheet.merged_cell_ranges or ()
    )
    return XlsReader([list(row) for row in sheet.to_python(skip_empty_area=False)], merges)


def _choose(
    readers: dict[str, XlsReader], wanted: Wanted | None, name: str | None, file: str
) -> str:
    names = ", ".join(readers)
    if name is not None:
        if name not in readers:
            raise SheetUnknown(file=file, sheet=name, sheets=names)
        return name
    if len(readers) == 1 or (readers and wanted is None):
        return next(iter(readers))
    for each, reader in readers.items():
        tops = [headings(row) for row in top_rows(reader)]
        if wanted is not None and any(wanted.complete(cells) for cells in tops):
            return each
    raise SheetUnclear(file=file, sheets=names)


def _cell(value: _Value) -> Cell:
    if isinstance(value, bool):
        return Cell("boolean", "1" if value else "0")
    if isinstance(value, str):
        return Cell("text", value)
    if isinstance(value, date):
        # The reader has counted from the workbook's own first day.
        return Cell("date", repr(serial_of(value)))
    if isinstance(value, timedelta):
        return Cell("date", repr(value / timedelta(days=1)))
    if isinstance(value, time):
        return Cell("text", value.isoformat())
    return Cell("number", repr(value))
