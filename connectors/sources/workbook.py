"""XLSX and XLSM files (ISO/IEC 29500): their sheets, styles and shared texts.

Our own reader, because what a department must be told is what readers leave out: hidden rows,
errors (which ``python-calamine`` gives as empty cells), and the digits that a number was kept with.
XML with a document type is refused, as are parts larger than any real one.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from xml.parsers import expat  # no entity of a document type is ever read: see Parser

from connectors.sources.errors import WorkbookBroken

BLOCK = 256 * 1024
MAX_PART = 8 * 1024**3
"""Bytes of a sheet, unpacked: a million rows of forty columns are 3 GiB."""
MAX_TEXTS = 512 * 1024**2
"""Bytes of the shared texts, unpacked; they are held in memory."""
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
# Built-in formats of days and times (§18.8.30), with those of Chinese and other Asian editions.
_DAYS = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})
_ZEROS = re.compile(r"0{2,30}")

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Style:
    """What a cell's format makes of a number: a day, or digits padded with zeros."""

    day: bool = False
    pad: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook; ``part`` is its place in the file."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook without the rows of its sheets."""

    path: Path
    sheets: tuple[Sheet, ...]
    styles: tuple[Style, ...]
    texts: tuple[str, ...]
    from_1904: bool


class Parser:
    """A streaming parser without namespaces' prefixes, and without document types."""

    def __init__(self, name: str, start: Start, end: End, text: Text | None = None) -> None:
        self._name = name
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._root
        self._start, self._end = start, end
        if text is not None:
            self._parser.CharacterDataHandler = text
        self._parser.StartDoctypeDeclHandler = self._doctype

    @property
    def offset(self) -> int:
        """The byte at which the tag stands that is being told of."""
        return self._parser.CurrentByteIndex

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Go on; raises ``WorkbookBroken``."""
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            raise WorkbookBroken(file=self._name, why="xml") from error

    def _root(self, tag: str, attributes: dict[str, str]) -> None:
        """The first tag shows whether tags have prefixes; most files have none."""
        start, end = self._start, self._end
        if ":" in tag:
            self._parser.StartElementHandler = lambda tag, given: start(_local(tag), given)
            self._parser.EndElementHandler = lambda tag: end(_local(tag))
        else:
            self._parser.StartElementHandler = start
            self._parser.EndElementHandler = end
        start(_local(tag), attributes)

    def _doctype(self, *_: object) -> None:
        raise WorkbookBroken(file=self._name, why="doctype")


def open_workbook(path: Path) -> Workbook:
    """Read all but the sheets; raises ``WorkbookBroken`` or ``OSError``."""
    try:
        with zipfile.ZipFile(path) as archive:
            top = _book_part(archive, path.name)
            relations = _relations(archive, top, path.name)
            sheets, from_1904 = _sheets(archive, top, relations, path.name)
            styles = _styles(archive, _other(relations, "styles"), path.name)
            texts = _texts(archive, _other(relations, "sharedStrings"), path.name)
    except zipfile.BadZipFile as error:
        raise WorkbookBroken(file=path.name, why="not-a-workbook") from error
    except (KeyError, ValueError) as error:
        raise WorkbookBroken(file=path.name, why="parts") from error
    except (NotImplementedError, RuntimeError) as error:
        raise WorkbookBroken(file=path.name, why="packing") from error
    return Workbook(path, sheets, styles, texts, from_1904)


def unescaped(text: str) -> str:
    """A text with its ``_xHHHH_`` (§22.9.2.19) as the characters that they stand for."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def open_part(archive: zipfile.ZipFile, part: str, name: str, limit: int) -> IO[bytes]:
    """A part of the file; raises ``WorkbookBroken`` if it would unpack to more than ``limit``."""
    if archive.getinfo(part).file_size > limit:
        raise WorkbookBroken(file=name, why="too-large")
    return archive.open(part)


def blocks(file: IO[bytes], name: str) -> Iterator[bytes]:
    """A part in blocks; raises ``WorkbookBroken`` if its packing is damaged."""
    while True:
        try:
            block = file.read(BLOCK)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise WorkbookBroken(file=name, why="damaged") from error
        if not block:
            return
        yield block


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _parse(archive: zipfile.ZipFile, part: str, name: str, start: Start) -> None:
    parser = Parser(name, start, lambda _: None)
    with open_part(archive, part, name, MAX_TEXTS) as file:
        for block in blocks(file, name):
            parser.feed(block)
    parser.feed(b"", last=True)


def _book_part(archive: zipfile.ZipFile, name: str) -> str:
    found: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("Type", "").endswith("/officeDocument"):
            found.append(attributes["Target"].lstrip("/"))

    _parse(archive, "_rels/.rels", name, start)
    if not found or not PurePosixPath(found[0]).name.startswith("workbook"):
        raise WorkbookBroken(file=name, why="not-a-workbook")
    return found[0]


def _relations(archive: zipfile.ZipFile, top: str, name: str) -> Mapping[str, tuple[str, str]]:
    """Kind and part of each relation of the workbook, by id."""
    folder = PurePosixPath(top).parent
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes["Target"]
            part = target.lstrip("/") if target.startswith("/") else str(folder / target)
            found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], part)

    _parse(archive, f"{folder}/_rels/{PurePosixPath(top).name}.rels", name, start)
    return found


def _other(relations: Mapping[str, tuple[str, str]], kind: str) -> str | None:
    return next((part for each, part in relations.values() if each == kind), None)


def _sheets(
    archive: zipfile.ZipFile, top: str, relations: Mapping[str, tuple[str, str]], name: str
) -> tuple[tuple[Sheet, ...], bool]:
    found: list[Sheet] = []
    from_1904: list[bool] = [False]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr":
            from_1904[0] = attributes.get("date1904") in {"1", "true"}
        elif tag == "sheet":
            relation = next(v for k, v in attributes.items() if _local(k) == "id")
            kind, part = relations[relation]
            if kind == "worksheet":
                hidden = attributes.get("state", "visible") != "visible"
                found.append(Sheet(attributes["name"], part, hidden))

    _parse(archive, top, name, start)
    if not found:
        raise WorkbookBroken(file=name, why="no-sheet")
    return tuple(found), from_1904[0]


def _styles(archive: zipfile.ZipFile, part: str | None, name: str) -> tuple[Style, ...]:
    formats: dict[int, str] = {}
    found: list[Style] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            formats[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif tag in {"cellXfs", "cellStyleXfs"}:
            inside[:] = [tag]
        elif tag == "xf" and inside == ["cellXfs"]:
            found.append(_style(int(attributes.get("numFmtId", 0)), formats))

    if part is not None:
        _parse(archive, part, name, start)
    return tuple(found)


def _style(number: int, formats: Mapping[int, str]) -> Style:
    code = formats.get(number)
    if code is None:
        return Style(day=number in _DAYS)
    bare = _QUOTED.sub("", code.partition(";")[0])
    if _ZEROS.fullmatch(bare):
        return Style(pad=len(bare))
    return Style(day=bare.lower() != "general" and bool(set("ymdhs") & set(bare.lower())))


class _Texts:
    """The shared texts (§18.4): each is one text or runs of it, with readings aside."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._collecting = self._aside = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        if tag == "si":
            self._pieces.clear()
        elif tag == "rPh":
            self._aside = True
        elif tag == "t":
            self._collecting = not self._aside

    def end(self, tag: str) -> None:
        if tag == "si":
            self.found.append(unescaped("".join(self._pieces)))
        elif tag == "rPh":
            self._aside = False
        elif tag == "t":
            self._collecting = False

    def text(self, data: str) -> None:
        if self._collecting:
            self._pieces.append(data)


def _texts(archive: zipfile.ZipFile, part: str | None, name: str) -> tuple[str, ...]:
    texts = _Texts()
    if part is not None:
        parser = Parser(name, texts.start, texts.end, texts.text)
        with open_part(archive, part, name, MAX_TEXTS) as file:
            for block in blocks(file, name):
                parser.feed(block)
        parser.feed(b"", last=True)
    return tuple(texts.found)
