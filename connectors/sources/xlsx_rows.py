"""The rows of one sheet of a workbook, as a stream: never the whole sheet is held."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from connectors.sources.cells import Cell
from connectors.sources.errors import WorkbookBroken
from connectors.sources.workbook import (
    MAX_PART,
    Parser,
    Sheet,
    Style,
    Workbook,
    blocks,
    open_part,
    unescaped,
)

MAX_TEXT = 1024 * 1024
"""Characters of one cell; a sheet takes 32,767."""
MAX_MERGES = 1_000_000
_LETTERS = re.compile(r"[A-Z]{1,3}")
_PLAIN = Style()


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that has cells: its number in the sheet, from 1, and its cells by column, from 0."""

    number: int
    hidden: bool
    cells: dict[int, Cell]


@dataclass(frozen=True, slots=True)
class Merge:
    """Merged cells, corners included; rows from 1, columns from 0."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


class SheetReader:
    """Reads a sheet from its beginning to its end; each call of ``rows`` begins anew."""

    def __init__(self, book: Workbook, sheet: Sheet) -> None:
        self._book = book
        self._sheet = sheet
        self.merges: list[Merge] = []
        """Complete once ``rows`` has come to its end: they stand behind the rows."""

    @property
    def part(self) -> str:
        """The sheet's place in the file."""
        return self._sheet.part

    def rows(self) -> Iterator[SheetRow]:
        """The rows that have a cell with something in it, in order; raises ``WorkbookBroken``."""
        name = self._book.path.name
        done: list[SheetRow] = []
        self.merges.clear()
        handlers = _Handlers(self._book, self.merges, done.append)
        parser = Parser(name, handlers.start, handlers.end, handlers.text)
        try:
            with (
                zipfile.ZipFile(self._book.path) as archive,
                open_part(archive, self._sheet.part, name, MAX_PART) as file,
            ):
                for block in blocks(file, name):
                    parser.feed(block)
                    yield from done
                    done.clear()
                parser.feed(b"", last=True)
        except (zipfile.BadZipFile, KeyError, IndexError, ValueError) as error:
            raise WorkbookBroken(file=name, why="sheet") from error
        yield from done


class _Handlers:
    """What becomes of the tags of a sheet (§18.3)."""

    def __init__(
        self, book: Workbook, merges: list[Merge], done: Callable[[SheetRow], None]
    ) -> None:
        self._book = book
        self._merges = merges
        self._done = done
        self._row = 0
        self._hidden = False
        self._cells: dict[int, Cell] = {}
        self._column = -1
        self._kind = "n"
        self._style = 0
        self._formula = self._valued = self._collecting = self._aside = False
        self._pieces: list[str] = []
        self._length = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            place = attributes.get("r")
            self._column = self._column + 1 if place is None else column_of(place)
            self._kind = attributes.get("t", "n")
            self._style = int(attributes.get("s", 0))
            self._formula = self._valued = False
            self._pieces.clear()
            self._length = 0
        elif tag == "v" or (tag == "t" and not self._aside):
            self._collecting = self._valued = True
        elif tag == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._hidden = attributes.get("hidden") in {"1", "true"}
            self._column = -1
            self._cells = {}
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._aside = True
        elif tag == "mergeCell":
            self._merge(attributes["ref"])

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._collecting = False
        elif tag == "c":
            cell = self._cell()
            if cell is not None:
                self._cells[self._column] = cell
        elif tag == "rPh":
            self._aside = False
        elif tag == "row" and self._cells:
            self._done(SheetRow(self._row, self._hidden, self._cells))

    def text(self, data: str) -> None:
        if self._collecting:
            self._pieces.append(data)
            self._length += len(data)
            if self._length > MAX_TEXT:
                raise WorkbookBroken(file=self._book.path.name, why="too-large")

    def _cell(self) -> Cell | None:
        value = "".join(self._pieces)
        kind, formula = self._kind, self._formula
        if not self._valued or (not value and kind != "str"):
            return Cell("no-result", "", formula=True) if formula else None
        if kind == "s":
            value = self._book.texts[int(value)]
        elif kind in {"inlineStr", "str", "d"}:
            value = unescaped(value)
        elif kind == "b":
            return Cell("boolean", value, formula=formula)
        elif kind == "e":
            return Cell("error", value, formula=formula)
        else:
            styles = self._book.styles
            style = styles[self._style] if self._style < len(styles) else _PLAIN
            return Cell("date" if style.day else "number", value, style.pad, formula)
        return Cell("text", value, 0, formula) if value else None

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        if len(self._merges) == MAX_MERGES:
            raise WorkbookBroken(file=self._book.path.name, why="too-large")
        self._merges.append(
            Merge(
                _row_of(first), column_of(first), _row_of(last or first), column_of(last or first)
            )
        )


def column_of(reference: str) -> int:
    """The column of a reference such as ``AB12``, from 0; raises ``ValueError``."""
    return _column(reference.rstrip("0123456789").replace("$", ""))


@cache
def _column(letters: str) -> int:
    if not _LETTERS.fullmatch(letters):
        raise ValueError(letters)
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def column_name(column: int) -> str:
    """The letters of a column, from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _row_of(reference: str) -> int:
    return int(reference.lstrip("$ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
