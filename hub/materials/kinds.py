"""What a file is, told from its bytes alone: its beginning and its end.

A file that is two things at once is neither: a scanner or a reader might take it for the other one
(PDF readers look for their header within the first kilobyte, unzipping begins at the end).
"""

import io
from typing import BinaryIO

from hub.errors import Unprocessable

PDF, OFD, JPEG, PNG = "application/pdf", "application/ofd", "image/jpeg", "image/png"
_BEGINNINGS = {
    b"%PDF-": PDF,
    b"PK\x03\x04": OFD,
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
}
_HEAD = 1024 + 5
"""Where readers of PDF look for a header (ISO 32000-1, Annex H.3.4.1, note 13)."""
_TAIL = 22 + 65535
"""Where the end of a zip may stand: its record and the longest comment (APPNOTE 4.3.16)."""
_END_OF_ZIP, _PDF_HEADER, _PDF_END = b"PK\x05\x06", b"%PDF-", b"%%EOF"


def begins_as(head: bytes) -> str | None:
    """What a file claims to be by its first bytes; only ``kind_of`` says whether it is that."""
    return next((kind for start, kind in _BEGINNINGS.items() if head.startswith(start)), None)


def kind_of(file: BinaryIO, size: int) -> str:
    """The media type; raises ``Unprocessable``: ``file-type`` or ``file-ambiguous``."""
    file.seek(0)
    head = file.read(min(size, _HEAD))
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    found = begins_as(head)
    if found is None:
        raise Unprocessable(why="file-type")
    if found == PDF and _PDF_END not in tail[-1024:]:
        raise Unprocessable(why="file-unreadable")
    if (found != PDF and _PDF_HEADER in head) or (found != OFD and _END_OF_ZIP in tail):
        raise Unprocessable(why="file-ambiguous")
    file.seek(0, io.SEEK_SET)
    return found
