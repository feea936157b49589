"""The input of ``connector batch``: one subject a line, read in pieces of bounded size."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from certs.canonical import Json, parse
from certs.errors import Malformed
from connectors.batch.question import Subject, fault_of

MAX_LINE = 64 * 1024
"""Bytes of one line."""
MAX_PIECE = 512 * 1024
"""Bytes of the lines of one request, so that no hub's limit on bodies is met."""
_BOM = b"\xef\xbb\xbf"
_MEMBERS = frozenset({"case", "id", "type"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input, numbered from 1: a subject, or what is wrong with it."""

    number: int
    subject: Subject | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the input has been read: lines, bytes, and the SHA-256 of those bytes in hex."""

    lines: int = 0
    offset: int = 0
    digest: str = field(default=hashlib.sha256().hexdigest())


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines of one request, and the mark behind them."""

    lines: tuple[Line, ...]
    end: Mark

    @property
    def subjects(self) -> tuple[tuple[int, Subject], ...]:
        """Whom to ask about, each with the number of its line."""
        lines = self.lines
        return tuple((one.number, one.subject) for one in lines if one.subject is not None)


class Pieces:
    """Reads a stream in pieces of at most ``size`` lines.

    ``kind`` is the type of subjects whose line names none; a line that is no JSON object is an
    identifier of that type. ``case`` stands where a line has none.
    """

    def __init__(self, stream: BinaryIO, size: int, kind: str | None, case: str | None) -> None:
        self._stream = stream
        self._size = size
        self._kind = kind
        self._case = case
        self._read = hashlib.sha256()
        self._lines = 0
        self._offset = 0

    def skip_to(self, mark: Mark) -> bool:
        """Go to a mark; False if the input is another one up to there."""
        left = mark.offset
        while left:
            data = self._stream.read(min(left, 1 << 20))
            if not data:
                return False
            self._read.update(data)
            left -= len(data)
        self._lines, self._offset = mark.lines, mark.offset
        return self._read.hexdigest() == mark.digest

    def __iter__(self) -> Iterator[Piece]:
        lines: list[Line] = []
        size = 0
        while (data := self._line()) is not None:
            lines.append(self._parse(data))
            size += len(data)
            if len(lines) == self._size or size >= MAX_PIECE:
                yield self._piece(lines)
                lines, size = [], 0
        if lines:
            yield self._piece(lines)

    def _piece(self, lines: list[Line]) -> Piece:
        return Piece(tuple(lines), Mark(self._lines, self._offset, self._read.hexdigest()))

    def _line(self) -> bytes | None:
        """The next line without its end; one that is too long is given cut, which is a fault."""
        data = self._stream.readline(MAX_LINE + 2)
        if not data:
            return None
        kept = data
        while not data.endswith(b"\n"):
            self._take(data)
            data = self._stream.readline(MAX_LINE)
            if not data:
                break
        self._take(data)
        self._lines += 1
        if self._lines == 1:
            kept = kept.removeprefix(_BOM)
        return kept.rstrip(b"\r\n")

    def _take(self, data: bytes) -> None:
        self._read.update(data)
        self._offset += len(data)

    def _parse(self, data: bytes) -> Line:
        subject, fault = self._subject(data)
        if subject is not None:
            fault = fault_of(subject)
        return Line(self._lines, None if fault else subject, fault)

    def _subject(self, data: bytes) -> tuple[Subject | None, str | None]:
        if len(data) > MAX_LINE:
            return None, "too-long"
        text = data.strip()
        if not text:
            return None, "empty"
        if not text.startswith(b"{"):
            return self._plain(text)
        try:
            value = parse(text, max_bytes=MAX_LINE, max_depth=1)
        except Malformed:
            return None, "json"
        if not isinstance(value, dict) or not value.keys() <= _MEMBERS:
            return None, "members"
        kind, case = value.get("type", self._kind), value.get("case")
        return self._of(kind, value.get("id"), self._case if case is None else case)

    def _plain(self, text: bytes) -> tuple[Subject | None, str | None]:
        if self._kind is None:
            return None, "json"
        try:
            return self._of(self._kind, text.decode("utf-8"), self._case)
        except UnicodeDecodeError:
            return None, "text"

    @staticmethod
    def _of(kind: Json, text: Json, case: Json) -> tuple[Subject | None, str | None]:
        if not isinstance(kind, str):
            return None, "subject-type"
        if not isinstance(text, str):
            return None, "subject-id"
        if case is not None and not isinstance(case, str):
            return None, "case"
        return Subject(kind, text, case), None
