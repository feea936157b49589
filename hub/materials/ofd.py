"""Whether a zip is an OFD (GB/T 33190-2016), and small enough when it is unpacked.

Some readers follow a zip's directory, others its members one after the other: what only one of them
would see, a scanner may have missed. So member follows member without a gap, then the directory,
then the end.
"""

import re
import stat
import struct
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
_LOCAL = struct.Struct("<4s5H3L2H")
"""A member's own header (APPNOTE 4.3.7)."""
_DESCRIBED = 1 << 3
"""Flag: sizes and sum stand behind the member, in so many bytes."""
_DESCRIPTORS = frozenset({12, 16, 20, 24})
_ENCRYPTED = 1
_LARGE = 0xFFFFFFFF
"""In place of a size that stands elsewhere (ZIP64)."""
_OUTSIDE = frozenset("\\:\0")
"""A path of Windows, a drive, and what some end a name at."""
_END = struct.Struct("<4s4H2LH")
_ENDS = frozenset({0, 56 + 20})
"""Bytes between directory and end: nothing, or record and locator of ZIP64 (APPNOTE 4.3.14)."""


def check_ofd(file: BinaryIO, size: int) -> None:
    """Raise ``Unprocessable``.

    Slugs: ``file-unreadable``, ``file-ambiguous``, ``file-type``, or ``file-bomb``.
    """
    most = max(SMALL, min(UNPACKED, RATIO * size))
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS or sum(one.file_size for one in members) > most:
                raise Unprocessable(why="file-bomb")
            _check_form(archive, members)
            _check_whole(file, archive, members, size)
            _check_root(archive)
            # What a header says of a member's size is only said.
            _check_unpacked(archive, members, most)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
        struct.error,
    ) as error:
        raise Unprocessable(why="file-unreadable") from error


def _check_form(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """No member outside, twice, encrypted or packed in an unusual way; nothing around the zip."""
    names = [one.filename.removeprefix("/").casefold() for one in members]
    if len(set(names)) != len(names) or archive.comment:
        raise Unprocessable(why="file-unreadable")
    if min((one.header_offset for one in members), default=-1) != 0:
        raise Unprocessable(why="file-ambiguous")
    for one in members:
        outside = ".." in one.filename.split("/") or not _OUTSIDE.isdisjoint(one.orig_filename)
        linked = stat.S_ISLNK(one.external_attr >> 16)
        if outside or one.flag_bits & _ENCRYPTED or linked or one.compress_type not in _METHODS:
            raise Unprocessable(why="file-unreadable")


def _check_whole(
    file: BinaryIO, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], size: int
) -> None:
    """Nothing between the members, behind them, or behind the end."""
    ordered = sorted(members, key=_place)
    ends = [*(one.header_offset for one in ordered[1:]), archive.start_dir]
    for one, end in zip(ordered, ends, strict=True):
        file.seek(one.header_offset)
        _, _, flags, method, _, _, _, packed, unpacked, name, extra = _LOCAL.unpack(
            file.read(_LOCAL.size)
        )
        between = end - (one.header_offset + _LOCAL.size + name + extra + one.compress_size)
        if method != one.compress_type or (flags ^ one.flag_bits) & (_ENCRYPTED | _DESCRIBED):
            raise Unprocessable(why="file-ambiguous")
        if flags & _DESCRIBED:
            sound = between in _DESCRIPTORS
        else:
            told = ((packed, one.compress_size), (unpacked, one.file_size))
            sound = not between and all(here in {there, _LARGE} for here, there in told)
        if not sound:
            raise Unprocessable(why="file-ambiguous")
    file.seek(max(0, size - _END.size))
    signature, *_, length, _, comment = _END.unpack(file.read(_END.size))
    behind = size - _END.size - archive.start_dir - length
    if signature != b"PK\x05\x06" or comment or behind not in _ENDS:
        raise Unprocessable(why="file-ambiguous")


def _place(member: zipfile.ZipInfo) -> int:
    return member.header_offset


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
