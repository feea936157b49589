"""A licence on paper: a PDF with what the holder has asked for, and a square code for strangers.

It knows no licence and no hub: whoever prints says what stands where. The font is a file that the
settings name, and the glyphs that are used are embedded, for a closed network can download none and
a reader's machine may have none. The same document gives the same bytes, so that what was printed
can be known again by its digest.
"""

import struct
from itertools import count
from pathlib import Path

import segno
from fontTools.ttLib import TTFont, TTLibError
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, WrapMode, XPos, YPos
from fpdf.fonts import TTFFont
from segno.encoder import DataOverflowError

from hub.licences.document import Document
from hub.licences.errors import NotPrintable
from hub.licences.square import QUIET, runs

_BROKEN_FONT = (
    TTLibError,
    AssertionError,
    LookupError,
    OSError,
    ValueError,
    EOFError,
    struct.error,
)
"""What the reader of fonts raises for files that are none, or are damaged."""
FONT = "text"
MARGIN = 20.0
"""Millimetres, like every length here."""
WIDTH = 210.0 - 2 * MARGIN
CODE_SIDE = 42.0
"""Of the square with its quiet zone: a telephone reads modules of half a millimetre easily."""
LABEL = 48.0
LINE = 7.0
SMALL_LINE = 5.25
MAX_PAGES = 10
CORRECTION = "m"
"""15 % of the code may be damaged: paper is folded and stamped."""


def pdf(document: Document, font: Path) -> bytes:
    """The PDF of ``document`` in the TrueType or OpenType font (or collection) at ``font``.

    Raises ``NotPrintable``. PDF/A is not promised.
    """
    _check_font(document, font)
    page = _Page(document)
    try:
        page.add_font(FONT, fname=font)
        page.add_page()
        _heading(page, document)
        for label, value in document.rows:
            _row(page, label, value)
        page.ln(LINE)
        for note in document.notes:
            _text(page, note, WIDTH, size=9, line=SMALL_LINE)
        if page.pages_count > MAX_PAGES:
            raise NotPrintable(why="too-long")
        return bytes(page.output())
    except _BROKEN_FONT as error:
        raise NotPrintable(why="font-unusable") from error
    finally:
        page.close_font()


def _check_font(document: Document, font: Path) -> None:
    """Raise unless the font can be read and has every character of the document.

    A missing glyph would be printed as a box, and a name with a box in it is another name.
    """
    try:
        with font.open("rb") as file, TTFont(file, fontNumber=0, lazy=True) as opened:
            known = frozenset(opened.getBestCmap() or ())
    except FileNotFoundError as error:
        raise NotPrintable(why="font-missing") from error
    except _BROKEN_FONT as error:
        raise NotPrintable(why="font-unusable") from error
    if not known:
        raise NotPrintable(why="font-unusable")
    if any(ord(character) not in known for character in _characters(document)):
        raise NotPrintable(why="font-lacks")


class _Page(FPDF):
    """A4 with one font, numbered pages, and nothing in it that changes from run to run."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self.set_creation_date(document.made)
        self.set_title(document.title)
        self.set_lang(document.language)
        self.set_creator("Yifen")
        self._pages = _placeholder(document)
        self.alias_nb_pages(self._pages)
        self.set_margin(MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN)

    def close_font(self) -> None:
        """Let go of the font's file."""
        loaded = self.fonts.get(FONT)
        if isinstance(loaded, TTFFont):
            loaded.ttfont.close()

    def footer(self) -> None:
        """The number of the page."""
        self.set_y(-MARGIN + LINE / 2)
        self.set_font(FONT, size=8)
        self.cell(WIDTH, LINE / 2, f"{self.page_no()} / {self._pages}", align=Align.C)


def _texts(document: Document) -> list[str]:
    texts = [document.title, document.subtitle, document.code_note, *document.notes]
    return texts + [text for row in document.rows for text in row]


def _characters(document: Document) -> set[str]:
    return (set("".join(_texts(document))) - {"\n", "\r"}) | set("0123456789/ ")


def _placeholder(document: Document) -> str:
    """What stands for the number of pages until it is known: no text may hold it by chance."""
    texts = "\n".join(_texts(document))
    names = (f"{{{number}}}" for number in count())
    return next(name for name in names if name not in texts)


def _heading(page: _Page, document: Document) -> None:
    """The titles and what the square is for at the left, the square at the right."""
    left = WIDTH - CODE_SIDE - 6
    _square(page, document.code, MARGIN + WIDTH - CODE_SIDE, MARGIN)
    _text(page, document.title, left, size=24, line=12)
    _text(page, document.subtitle, left, size=12)
    page.ln(LINE / 2)
    _text(page, document.code_note, left, size=9, line=SMALL_LINE)
    page.set_y(max(page.get_y(), MARGIN + CODE_SIDE) + LINE)


def _text(
    page: _Page, text: str, width: float, *, size: float = 11, line: float = LINE, x: float = MARGIN
) -> None:
    """Lines of a text from here on; they may end after any character, as Chinese does."""
    page.set_font(FONT, size=size)
    page.set_x(x)
    page.multi_cell(width, line, text, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _height(page: _Page, text: str, width: float) -> float:
    """How high the lines of a text would be."""
    page.set_font(FONT, size=11)
    found = page.multi_cell(
        width, LINE, text, wrapmode=WrapMode.CHAR, dry_run=True, output=MethodReturnValue.HEIGHT
    )
    return found if isinstance(found, float) else LINE


def _row(page: _Page, label: str, value: str) -> None:
    """A label and its value side by side, with a line beneath; torn only if longer than a page."""
    columns = ((label, LABEL, MARGIN), (value, WIDTH - LABEL, MARGIN + LABEL))
    height = max(_height(page, text, width) for text, width, _ in columns)
    if height < page.eph and page.will_page_break(height):
        page.add_page()
    top, sheet = page.get_y(), page.page
    for text, width, left in columns:
        page.set_y(top)
        _text(page, text, width, x=left)
    bottom = page.get_y() if page.page != sheet else top + height
    page.set_draw_color(200)
    page.line(MARGIN, bottom, MARGIN + WIDTH, bottom)
    page.set_xy(MARGIN, bottom + 1)


def _square(page: _Page, text: str, left: float, top: float) -> None:
    """The code as filled rectangles: sharp at every size, and no picture to be resampled."""
    try:
        code = segno.make(text, error=CORRECTION, micro=False, boost_error=False)
    except (DataOverflowError, ValueError) as error:
        raise NotPrintable(why="code-too-long") from error
    matrix = [[bool(module) for module in line] for line in code.matrix]
    side = CODE_SIDE / (len(matrix) + 2 * QUIET)
    page.set_fill_color(0)
    for row, line in enumerate(matrix):
        for begin, length in runs(line):
            page.rect(
                left + (QUIET + begin) * side,
                top + (QUIET + row) * side,
                length * side,
                side,
                style="F",
            )
