"""A list of services as rows: CSV (UTF-8, UTF-16 with its mark, GB18030) or a workbook.

Lists of services are small and public, so a file is held whole; limits keep a workbook that
unpacks into gigabytes out. ``line`` is the line of a CSV file on which a row begins, or the row's
number in a workbook.
"""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias

import python_calamine as calamine

from catalog.errors import SheetUnreadable

LARGEST = 20 * 1024 * 1024
"""Bytes of a file."""
UNPACKED = 200 * 1024 * 1024
"""Bytes of a workbook's parts together."""
MOST_ROWS = 200_000
MOST_COLUMNS = 500
_ZIP = b"PK\x03\x04"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_Cell: TypeAlias = int | float | str | bool | time | date | datetime | timedelta


class Row(NamedTuple):
    """One row: where it stands, and its cells as text."""

    line: int
    cells: tuple[str, ...]


def rows(data: bytes, *, sheet: str | None = None) -> list[Row]:
    """The rows of a file, the headings first; rows without any text are left out.

    ``sheet`` names a workbook's sheet, else the first one is read. Raises ``SheetUnreadable``:
    ``too-large``, ``encoding``, ``not-a-workbook``, ``no-sheet``, ``quote-open``, ``empty``.
    """
    if len(data) > LARGEST:
        raise SheetUnreadable(why="too-large")
    read = _workbook(data, sheet) if data.startswith(_ZIP) else _csv(data)
    found: list[Row] = []
    for row in read:
        if len(found) > MOST_ROWS or len(row.cells) > MOST_COLUMNS:
            raise SheetUnreadable(why="too-large")
        if any(cell.strip() for cell in row.cells):
            found.append(row)
    if not found:
        raise SheetUnreadable(why="empty")
    return found


def _csv(data: bytes) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            yield Row(before + 1, tuple(cells))
            before = reader.line_num
    except csv.Error as error:
        raise SheetUnreadable(why="quote-open") from error


def _decoded(data: bytes) -> str:
    try:
        if data.startswith(_UTF_16):
            return data.decode("utf-16")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise SheetUnreadable(why="encoding") from error
    if "\0" in text:
        raise SheetUnreadable(why="encoding")
    return text


def _workbook(data: bytes, sheet: str | None) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > UNPACKED:
                raise SheetUnreadable(why="too-large")
        with calamine.load_workbook(io.BytesIO(data)) as book:
            names = book.sheet_names
            if not names or (sheet is not None and sheet not in names):
                raise SheetUnreadable(why="no-sheet")
            chosen = book.get_sheet_by_name(sheet or names[0])
            cells = chosen.to_python(skip_empty_area=False)
    except (calamine.CalamineError, calamine.PasswordError, zipfile.BadZipFile) as error:
        raise SheetUnreadable(why="not-a-workbook") from error
    for number, row in enumerate(cells, 1):
        yield Row(number, tuple(map(_text, row)))


def _text(cell: _Cell) -> str:
    """A cell as it is read: whole numbers without the point that workbooks give them."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        return "1" if cell else "0"
    return str(cell)
