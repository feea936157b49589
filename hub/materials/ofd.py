"""Whether a zip is an OFD (GB/T 33190-2016), and small enough when it is unpacked."""

import re
import zipfile
import zlib
from typing import BinaryIO

from hub.errors import Unprocessable

MEMBERS = 10_000
UNPACKED = 512 << 20
"""Bytes of all members together."""
RATIO = 200
"""How many times larger than the file they may be, from ``SMALL`` on."""
SMALL = 16 << 20
ROOT = "OFD.xml"
_ROOT_BYTES = 1 << 20
_PIECE = 1 << 16
_ELEMENT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?OFD[\s>]")
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def check_ofd(file: BinaryIO, size: int) -> None:
    """Raise ``Unprocessable``: ``file-unreadable``, ``file-type``, or ``file-bomb``."""
    most = max(SMALL, min(UNPACKED, RATIO * size))
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS or sum(one.file_size for one in members) > most:
                raise Unprocessable(why="file-bomb")
            _check_form(archive, members)
            _check_root(archive)
            # What a header says of a member's size is only said.
            _check_unpacked(archive, members, most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise Unprocessable(why="file-unreadable") from error


def _check_form(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """No member outside, twice, encrypted or packed in an unusual way; nothing around the zip."""
    names = [one.filename for one in members]
    if len(set(names)) != len(names) or archive.comment:
        raise Unprocessable(why="file-unreadable")
    if min((one.header_offset for one in members), default=-1) != 0:
        raise Unprocessable(why="file-ambiguous")
    for one in members:
        outside = ".." in one.filename.split("/") or "\\" in one.filename
        if outside or one.flag_bits & 1 or one.compress_type not in _METHODS:
            raise Unprocessable(why="file-unreadable")


def _check_root(archive: zipfile.ZipFile) -> None:
    names = {one.filename.removeprefix("/"): one for one in archive.infolist()}
    root = names.get(ROOT)
    if root is None or root.file_size > _ROOT_BYTES:
        raise Unprocessable(why="file-type")
    with archive.open(root) as member:
        data = member.read(_ROOT_BYTES)
    # Entities could unfold without bounds in whoever reads it.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or not _ELEMENT.search(data):
        raise Unprocessable(why="file-type")


def _check_unpacked(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], most: int) -> None:
    unpacked = 0
    for one in members:
        with archive.open(one) as member:
            while piece := member.read(_PIECE):
                unpacked += len(piece)
                if unpacked > most:
                    raise Unprocessable(why="file-bomb")
