"""A table as a sheet that people open in a spreadsheet: CSV or XLSX. What is text stays text."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import xlsxwriter

Cell: TypeAlias = "str | int | None"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With what a cell begins that spreadsheets take for a formula; the full-width ones too where
they are told to read Chinese or Japanese."""
BOM = "\ufeff"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDEST = 48
_NARROWEST = 8
_CJK = 0x2E80
"""From here on characters are as wide as two."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; ``name`` is that of the sheet, at most 31 characters."""

    name: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def as_csv(table: Table) -> bytes:
    """UTF-8 with a mark in front, by which spreadsheets know it; RFC 4180 otherwise."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(table.headings)
    for row in table.rows:
        writer.writerow([_harmless(cell) for cell in row])
    return (BOM + written.getvalue()).encode("utf-8")


def as_xlsx(*tables: Table) -> bytes:
    """A workbook with a sheet for each table."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for table in tables:
        sheet = book.add_worksheet(table.name)
        for column, heading in enumerate(table.headings):
            sheet.write_string(0, column, heading, bold)
            texts = [str(row[column]) for row in table.rows if row[column] is not None]
            sheet.set_column(column, column, _width([heading, *texts]))
        for number, row in enumerate(table.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(number, column, cell, wrapped)
                elif cell is not None:
                    # Never ``write``, which makes formulas, links and numbers of what looks so.
                    sheet.write_string(number, column, cell, wrapped)
        sheet.freeze_panes(1, 0)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.headings) - 1)
    book.close()
    return written.getvalue()


def _harmless(cell: Cell) -> str:
    """A cell of CSV: what would be a formula is text, after an apostrophe."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text


def _width(texts: Sequence[str]) -> int:
    longest = max(sum(1 + (ord(one) >= _CJK) for one in text[:_WIDEST]) for text in texts)
    return min(max(longest + 2, _NARROWEST), _WIDEST)
