"""In which encoding a text file stands, found out by reading all of it once.

UTF-8 if every byte is UTF-8; UTF-16 if it says so at its beginning; else GB18030, never its subset
GBK. A file that is UTF-8 but for a few bytes is damaged, and not GB18030: as that it might well be
read, into characters that nobody wrote. Nothing is ever replaced: what is in no encoding is an
error that names its line and byte.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from connectors.sources.errors import SourceEncoding

Encoding = Literal["utf-8", "gb18030", "utf-16"]
BLOCK = 1024 * 1024
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SOUND_FOR_ONE_BAD = 10
"""Characters of UTF-8 for each stray byte, from which on a file is damaged UTF-8. In GB18030 text
most bytes are no UTF-8."""
_WINDOW = 4 * 1024 * 1024
"""Bytes after the first stray one that decide what it is."""
_STRAY = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Looked:
    """What the bytes of a file are. ``plain``: UTF-8 whose lines all end in one way, LF or CRLF."""

    encoding: Encoding
    plain: bool


@dataclass(slots=True)
class _Ends:
    """How lines end, counted over blocks."""

    cr: int = 0
    lf: int = 0
    both: int = 0
    _last: int = 0

    def add(self, block: bytes) -> None:
        self.cr += block.count(b"\r")
        self.lf += block.count(b"\n")
        self.both += block.count(b"\r\n")
        if self._last == ord("\r") and block[:1] == b"\n":
            self.both += 1
        self._last = block[-1]

    @property
    def plain(self) -> bool:
        """No carriage return stands alone; line feeds may, inside of quotes."""
        return self.cr == self.both


def look(path: Path, *, only_utf_8: bool = False) -> Looked:
    """Find out; raises ``SourceEncoding`` (facts line and byte) or ``OSError``."""
    with path.open("rb") as file:
        if file.read(2) in _UTF_16 and not only_utf_8:
            file.seek(0)
            _check(file, "utf-16", path.name)
            return Looked("utf-16", plain=False)
        file.seek(0)
        ends = _Ends()
        stray = _first_stray(file, "utf-8", ends)
        if stray is None:
            return Looked("utf-8", plain=ends.plain)
        file.seek(0)
        if only_utf_8 or _is_damaged(file, stray + _WINDOW):
            raise SourceEncoding(file=path.name, line=_line(file, stray), byte=stray)
        file.seek(0)
        _check(file, "gb18030", path.name)
    return Looked("gb18030", plain=False)


def codec(encoding: Encoding) -> str:
    """The name of the decoder that also takes the mark at the beginning, if there is one."""
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _check(file: BinaryIO, encoding: Encoding, name: str) -> None:
    stray = _first_stray(file, encoding)
    if stray is not None:
        raise SourceEncoding(file=name, line=_line(file, stray), byte=stray)


def _first_stray(file: BinaryIO, encoding: Encoding, ends: _Ends | None = None) -> int | None:
    """The place of the first byte that is not of the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    pending = 0
    for block in _with_end(file, ends):
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            # What was left over of the block before is put in front by the decoder.
            return position - pending + error.start
        position += len(block)
        state = decoder.getstate()[0]
        pending = len(state)
    return None


def _with_end(file: BinaryIO, ends: _Ends | None) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        if ends is not None:
            ends.add(block)
        yield block
    yield b""


def _is_damaged(file: BinaryIO, until: int) -> bool:
    """Whether the bytes before ``until`` are UTF-8 but for a few."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    bad = sound = 0
    while until > 0 and (block := file.read(min(BLOCK, until))):
        until -= len(block)
        text = decoder.decode(block)
        if not text.isascii():
            strays = len(_STRAY.findall(text))
            bad += strays
            sound += len(text) - len(text.encode("ascii", "ignore")) - strays
    return sound >= bad * _SOUND_FOR_ONE_BAD


def _line(file: BinaryIO, place: int) -> int:
    """The number of the line in which a byte stands; lines end in CR, LF or both."""
    file.seek(0)
    ends = _Ends()
    left = place
    while left > 0 and (block := file.read(min(BLOCK, left))):
        ends.add(block)
        left -= len(block)
    return ends.cr + ends.lf - ends.both + 1
