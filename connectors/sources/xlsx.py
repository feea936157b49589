"""XLSX files as sources: which sheet is meant."""

from pathlib import Path

from connectors.sources.errors import SheetUnclear, SheetUnknown, SourceMissing
from connectors.sources.files import StillFile
from connectors.sources.headings import Wanted
from connectors.sources.sheets import SheetSource, headings, open_sheet, top_rows
from connectors.sources.workbook import Sheet, Workbook, open_workbook
from connectors.sources.xlsx_rows import SheetReader


def open_xlsx(path: Path, wanted: Wanted | None = None, sheet: str | None = None) -> SheetSource:
    """Look a workbook through; ``sheet`` names the sheet.

    Without it: the only sheet, else the first that is shown and has every heading that must be
    there, else the only one that has any. Raises ``SourceMissing``, ``WorkbookBroken``,
    ``SheetUnknown``, ``SheetUnclear`` and what ``open_sheet`` raises.
    """
    file = StillFile.of(path)
    try:
        book = open_workbook(path)
        chosen = _choose(book, wanted, sheet)
        return open_sheet(
            file,
            chosen.name,
            SheetReader(book, chosen),
            wanted,
            from_1904=book.from_1904,
        )
    except OSError as error:
        raise SourceMissing(file=path.name) from error


def _choose(book: Workbook, wanted: Wanted | None, name: str | None) -> Sheet:
    names = ", ".join(sheet.name for sheet in book.sheets)
    if name is not None:
        for sheet in book.sheets:
            if sheet.name.strip().casefold() == name.strip().casefold():
                return sheet
        raise SheetUnknown(file=book.path.name, sheet=name, sheets=names)
    shown = [sheet for sheet in book.sheets if not sheet.hidden]
    if len(shown) == 1 or wanted is None:
        return (shown or book.sheets)[0]
    some: list[Sheet] = []
    for sheet in shown:
        tops = [headings(row) for row in top_rows(SheetReader(book, sheet))]
        if any(wanted.complete(cells) for cells in tops):
            return sheet
        some += [sheet] if any(wanted.found(cells) for cells in tops) else []
    if len(some) == 1:
        return some[0]
    raise SheetUnclear(file=book.path.name, sheets=names)
