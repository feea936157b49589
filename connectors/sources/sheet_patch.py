"""A sheet's XML with one column of texts put in, every other byte as it was."""

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape

from connectors.sources.errors import WorkbookBroken
from connectors.sources.workbook import Parser
from connectors.sources.xlsx_rows import column_name, column_of

_SPANS = re.compile(rb"""\s(?:[A-Za-z0-9_.-]+:)?spans\s*=\s*(?:"[^"]*"|'[^']*')""")
_PREFIX = re.compile(rb"<([A-Za-z0-9_.-]+:)?row")
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def patched(
    pieces: Iterable[bytes], name: str, cells: Mapping[int, str], column: int
) -> Iterator[bytes]:
    """``pieces`` with ``cells`` (texts by row, from 1) in ``column``, and nothing else there.

    Raises ``WorkbookBroken``.
    """
    patch = _Patch(name, cells, column)
    for piece in pieces:
        yield patch.feed(piece)
    yield patch.finish()


class _Patch:
    """Holds what was fed from the last tag on, because what is changed ends with the next tag."""

    def __init__(self, name: str, cells: Mapping[int, str], column: int) -> None:
        self._name = name
        self._cells = cells
        self._column = column
        self._parser = Parser(name, self._start, self._end)
        self._held = bytearray()
        self._base = 0
        """The offset of the first byte that is held."""
        self._out: list[bytes] = []
        self._row = 0
        self._at = -1
        self._prefix = b""
        self._waiting: str | None = None
        """The text that is still to be put into this row."""
        self._cut: int | None = None
        """Where a cell begins that is left out."""
        self._tag: int | None = None
        """Where the tag of a row begins that loses its ``spans``: it would not be true any more."""

    def feed(self, piece: bytes) -> bytes:
        """What is settled after this piece."""
        if not self._base and not self._held and piece[:2] in _WIDE:
            raise WorkbookBroken(file=self._name, why="encoding")
        self._held += piece
        self._parser.feed(piece)
        return self._taken()

    def finish(self) -> bytes:
        """The rest."""
        self._parser.feed(b"", last=True)
        self._out.append(bytes(self._held))
        return self._taken()

    def _taken(self) -> bytes:
        taken = b"".join(self._out)
        self._out.clear()
        return taken

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in {"row", "c", "sheetData"}:
            return
        self._settle()
        if tag == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._at = -1
            self._waiting = self._cells.get(self._row)
            if self._waiting is not None:
                self._tag = self._parser.offset
                found = _PREFIX.match(self._held)
                self._prefix = (found and found[1]) or b""
        elif tag == "c":
            place = attributes.get("r")
            self._at = self._at + 1 if place is None else column_of(place)
            if self._at == self._column:
                self._cut = self._parser.offset
            elif self._at > self._column:
                self._put()

    def _end(self, tag: str) -> None:
        if tag == "row":
            self._settle()
            self._put()
        elif tag == "sheetData":
            self._settle()

    def _put(self) -> None:
        text, self._waiting = self._waiting, None
        if text is None or self._at < 0:
            return  # nothing to say, or a row without cells, which holds nothing to be wrong
        prefix = self._prefix.decode("ascii")
        cell = (
            f'<{prefix}c r="{column_name(self._column)}{self._row}" t="inlineStr"><{prefix}is>'
            f"<{prefix}t>{escape(text)}</{prefix}t></{prefix}is></{prefix}c>"
        )
        self._out.append(cell.encode("utf-8"))

    def _settle(self) -> None:
        """Give out, or leave out, everything before the tag that is being told of."""
        until = self._parser.offset - self._base
        settled = bytes(self._held[:until])
        del self._held[:until]
        if self._cut is not None:
            settled = settled[: self._cut - self._base]
            self._cut = None
        elif self._tag is not None:
            settled = _SPANS.sub(b"", settled, count=1)
            self._tag = None
        self._base += until
        self._out.append(settled)
