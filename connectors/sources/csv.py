"""CSV files as sources: every value as the text that stands there.

What the file is gets settled before a row is sent: its encoding, its delimiter, its header, and
that it can be read to its end. Formulas are text like any other. Sound UTF-8 is read by DuckDB;
what DuckDB does not take (other encodings, mixed line ends, ragged rows, titles above the header)
by ``loose_csv``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from connectors.sources.delimiter import MAX_HEADER, find_header
from connectors.sources.duck import DuckError, Rows, literal, select, select_lines
from connectors.sources.encoding import codec, look
from connectors.sources.errors import SourceEmpty, SourceMalformed, SourceMissing
from connectors.sources.files import StillFile
from connectors.sources.headings import Wanted
from connectors.sources.loose_csv import MAX_LINE, LooseCsv, open_loose
from connectors.sources.source import Line, check_columns
from connectors.sources.watch import Watch

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
_Batch = TypeVar("_Batch")


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A sound file: UTF-8, one width, its header on the first line."""

    file: StillFile
    delimiter: str
    columns: tuple[str, ...]
    total: int | None = None
    """Rows, where that was counted."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.file.path

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.file.name

    @property
    def beside(self) -> Path:
        """The rejected rows are written beside it."""
        return self.file.path

    @property
    def met(self) -> Mapping[str, int | str]:
        """Nothing but its encoding."""
        return {"encoding": "UTF-8"}

    def rows(self, indices: Sequence[int]) -> Iterator[Rows]:
        """The values of the columns ``indices``, in batches, in the file's order.

        Raises ``SourceMalformed`` with the line, or ``SourceChanged``.
        """
        found = select(", ".join(f"c{index}" for index in indices), *self._relation())
        yield from self._still(found)

    def lines(self, watch: Watch) -> Iterator[Sequence[Line]]:
        """The watched columns as lines; raises as ``rows`` does."""
        yield from self._still(select_lines(watch, *self._relation()))

    def count(self) -> int:
        """How many rows there are: reads all of the file; raises as ``rows`` does."""
        (found,) = self._still(select("CAST(count(*) AS VARCHAR)", *self._relation()))
        return int(found[0][0] or 0)

    def _relation(self) -> tuple[str, list[str]]:
        names = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(self.columns)))
        # Rows of blank fields, as sheets leave them at their end, are no rows.
        some = ", ".join(f"c{index}" for index in range(len(self.columns)))
        relation = (
            f"read_csv(?, {_OPTIONS}, delim = ?, columns = {{{names}}})"
            f" WHERE coalesce({some}) IS NOT NULL"
        )
        return relation, [literal(self.path), self.delimiter]

    def _still(self, batches: Iterator[_Batch]) -> Iterator[_Batch]:
        try:
            yield from batches
        except DuckError as error:
            self.file.check()
            raise _malformed(self.name, str(error)) from None
        self.file.check()


def open_csv(path: Path, wanted: Wanted | None = None) -> CsvSource | LooseCsv:
    """Look a file through, whole, before anything of it is sent.

    ``wanted`` lets the header be found below titles. Raises ``SourceMissing``, ``SourceEmpty``,
    ``SourceEncoding``, ``SourceMalformed``, ``SourceUnread``, ``ColumnTwice`` or
    ``TooManyColumns``.
    """
    file = StillFile.of(path)
    try:
        looked = look(path)
        with path.open(encoding=codec(looked.encoding), newline="") as text:
            head = text.read(MAX_HEADER).removeprefix("\ufeff")
    except OSError as error:
        raise SourceMissing(file=path.name) from error
    if not head.strip():
        raise SourceEmpty(file=path.name)
    header = find_header(head, wanted, path.name)
    columns = check_columns(header.columns)
    if looked.plain and header.row == 0:
        source = CsvSource(file, header.delimiter, columns)
        try:
            count = source.count()
        except SourceMalformed:
            pass  # the other reader tells more of it
        else:
            if not count:
                raise SourceEmpty(file=path.name)
            return replace(source, total=count)
    return open_loose(file, looked.encoding, header)


def _malformed(name: str, message: str) -> SourceMalformed:
    """What DuckDB said, without the line that it quotes."""
    line = _LINE.search(message)
    why = next((why for sign, why in _CAUSES if sign in message), "form")
    return SourceMalformed(file=name, line=int(line[1]) if line else 0, why=why)
