"""Pictures and first pages, opened to see that they can be, and made small.

Foreign bytes meet parsers in C here: only a process of its own with bounds runs this
(``examiner.py``).
"""

import io
import struct
import warnings
from typing import BinaryIO

from PIL import Image
from pypdfium2 import PdfDocument, PdfiumError

from hub.errors import Unprocessable

PIXELS = 50_000_000
"""Of a picture: an A4 page at 600 dots to the inch has 35 million."""
SIDE = 320
"""Pixels of a thumbnail's longer side."""
_QUALITY = 80
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}
_PNG_BEGIN = 8
_CHUNK = struct.Struct(">L4s")
_SUM = 4


def thumbnail_of_picture(file: BinaryIO, media_type: str) -> bytes:
    """A small JPEG.

    Raises ``Unprocessable``: ``file-bomb``, ``file-unreadable`` or ``file-ambiguous``.
    """
    # Its own limit only warns; ours refuses before a pixel is unpacked.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(file, formats=(_FORMATS[media_type],)) as picture:
                width, height = picture.size
                if width * height > PIXELS:
                    raise Unprocessable(why="file-bomb")
                picture.draft("RGB", (SIDE, SIDE))
                picture.load()
                if media_type == "image/png":
                    _check_end(file)
                return _small(picture)
    except MemoryError as error:
        raise Unprocessable(why="file-bomb") from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, Warning) as error:
        raise Unprocessable(why="file-unreadable") from error


def thumbnail_of_page(file: BinaryIO) -> bytes:
    """The first page as a small JPEG; raises as ``thumbnail_of_picture`` does."""
    try:
        document = PdfDocument(file)
        try:
            if not len(document):
                raise Unprocessable(why="file-unreadable")
            page = document[0]
            scale = SIDE / max(1.0, *page.get_size())
            return _small(page.render(scale=scale).to_pil())
        finally:
            document.close()
    except MemoryError as error:
        raise Unprocessable(why="file-bomb") from error
    except (PdfiumError, OSError, ValueError) as error:
        raise Unprocessable(why="file-unreadable") from error


def _check_end(file: BinaryIO) -> None:
    """Raise unless a PNG, which opens, ends with its last chunk: readers stop there.

    What cameras write behind a JPEG is borne with: many do.
    """
    at, kind = _PNG_BEGIN, b""
    while kind != b"IEND":
        file.seek(at)
        length, kind = _CHUNK.unpack(file.read(_CHUNK.size))
        at += _CHUNK.size + length + _SUM
    if file.seek(0, io.SEEK_END) != at:
        raise Unprocessable(why="file-ambiguous")


def _small(picture: Image.Image) -> bytes:
    picture.thumbnail((SIDE, SIDE))
    if picture.mode == "P":
        # With a transparency for each colour it becomes RGB only by way of this.
        picture = picture.convert("RGBA")
    out = io.BytesIO()
    # A new picture: nothing of what was written beside the pixels goes along.
    picture.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
