"""CSV files as sources: UTF-8, read by DuckDB, every value as the text that stands there.

What the file is gets settled before a row is sent: its bytes, its header, its delimiter. Formulas
are text like any other. DuckDB runs in memory, loads nothing and writes nothing; its messages
quote lines of the file, so only line numbers are taken from them.
"""

import codecs
import csv
import io
import re
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from catalog.definition import heading
from connectors.errors import (
    ColumnTwice,
    SourceChanged,
    SourceEmpty,
    SourceEncoding,
    SourceMalformed,
    SourceMissing,
    TooManyColumns,
)

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 1000
"""Columns of a file; the widest dataset has some fifty."""
MAX_LINE = 2 * 1024 * 1024
"""Bytes of a row: beyond this a quote was left open."""
MAX_HEADER = 1024 * 1024
BATCH = 8192
"""Rows taken from DuckDB at a time."""
_BLOCK = 1024 * 1024
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE = re.compile(r"on Line: ([0-9]+)")
_CAUSES = (
    ("unterminated quote", "quote"),
    ("Number of Columns", "columns"),
    ("Maximum line size", "too-long"),
    ("invalid state", "line-ends"),
)
_OPTIONS = (
    "auto_detect = false, header = true, quote = '\"', escape = '\"', nullstr = '',"
    " strict_mode = true, compression = 'none', parallel = true,"
    f" max_line_size = {MAX_LINE}"
)
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A file that has been looked through: its delimiter and the columns of its header."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    stamp: _Stamp

    def rows(self, indices: Sequence[int]) -> Generator[Sequence[tuple[str | None, ...]]]:
        """The values of the columns ``indices``, in batches, in the file's order.

        Raises ``SourceMalformed`` with the line, or ``SourceChanged``.
        """
        yield from self._select(", ".join(f"c{index}" for index in indices))

    def lines(self, indices: Sequence[int]) -> Generator[Sequence[tuple[str, ...]]]:
        """The columns ``indices`` of every row as one CSV line (RFC 4180) without its end.

        DuckDB writes the lines: Python would be the slower by half.
        """
        yield from self._select(" || ',' || ".join(_field(index) for index in indices))

    def _select(self, expression: str) -> Generator[Sequence[tuple[str, ...]]]:
        names = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(self.columns)))
        # The expression and the names are ours: letters, digits and quotes of this module.
        query = (
            f"SELECT {expression} FROM read_csv(?, {_OPTIONS}, delim = ?, columns = {{{names}}})"  # noqa: S608
        )
        connection = connect()
        try:
            found = connection.execute(query, [_literal(self.path), self.delimiter])
            while batch := found.fetchmany(BATCH):
                yield batch
        except duckdb.Error as error:
            raise self._malformed(str(error)) from None
        finally:
            connection.close()
        if _stamp(self.path) != self.stamp:
            raise SourceChanged(file=self.path.name)

    def _malformed(self, message: str) -> SourceMalformed | SourceChanged:
        """What DuckDB said, without the line that it quotes."""
        if _stamp(self.path) != self.stamp:
            return SourceChanged(file=self.path.name)
        line = _LINE.search(message)
        why = next((why for sign, why in _CAUSES if sign in message), "form")
        return SourceMalformed(file=self.path.name, line=int(line[1]) if line else 0, why=why)


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB that fetches no extension and leaves nothing on the disk."""
    return duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": "",
            "preserve_insertion_order": "true",
        },
    )


def open_csv(path: Path) -> CsvSource:
    """Look a file through, whole, before anything of it is sent.

    Raises ``SourceMissing``, ``SourceEmpty``, ``SourceEncoding``, ``SourceMalformed``,
    ``ColumnTwice`` or ``TooManyColumns``.
    """
    try:
        stamp = _stamp(path)
        _check_bytes(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.read(MAX_HEADER)
    except OSError as error:
        raise SourceMissing(file=path.name) from error
    if not head.strip():
        raise SourceEmpty(file=path.name)
    delimiter, columns = _header(head, path.name)
    if len(columns) > MAX_COLUMNS:
        raise TooManyColumns(found=len(columns), limit=MAX_COLUMNS)
    seen: set[str] = set()
    for column in columns:
        # Blank headings, as spreadsheets leave them at the right, are no column of anything.
        if (name := heading(column)) and name in seen:
            raise ColumnTwice(column=column)
        seen.add(name)
    source = CsvSource(path, delimiter, columns, stamp)
    with closing(source.rows([0])) as rows:
        if next(rows, None) is None:
            raise SourceEmpty(file=path.name)
    return source


def _check_bytes(path: Path) -> None:
    """Raise unless the file is UTF-8 text without NUL."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if position == 0 and block[:2] in _BOMS:
                raise SourceEncoding(file=path.name, byte=0)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                at = position - pending + error.start
                raise SourceEncoding(file=path.name, byte=at) from None
            if (nul := block.find(0)) >= 0:
                raise SourceEncoding(file=path.name, byte=position + nul)
            position += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise SourceEncoding(file=path.name, byte=position) from None


def _header(head: str, name: str) -> tuple[str, tuple[str, ...]]:
    """The delimiter that cuts the header into most columns, and the columns."""
    found: tuple[str, tuple[str, ...]] | None = None
    for delimiter in DELIMITERS:
        try:
            columns = tuple(next(csv.reader(io.StringIO(head), delimiter=delimiter, strict=True)))
        except (csv.Error, StopIteration):
            continue
        # A quote inside a heading is one that the wrong delimiter, or a cut, has left there.
        if any('"' in column for column in columns):
            continue
        if found is None or len(columns) > len(found[1]):
            found = (delimiter, columns)
    if found is None:
        raise SourceMalformed(file=name, line=1, why="quote")
    return found


def _field(index: int) -> str:
    """SQL for one field of a line, quoted where RFC 4180 asks for it."""
    column = f"c{index}"
    return (
        f"CASE WHEN regexp_matches({column}, '[\",\\r\\n]')"
        f" THEN '\"' || replace({column}, '\"', '\"\"') || '\"' ELSE coalesce({column}, '') END"
    )


def _literal(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path.resolve()))


def _stamp(path: Path) -> _Stamp:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
