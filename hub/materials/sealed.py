"""One sealed file in the store of objects: its pieces, and the thumbnail beside them.

    <material>/00000000     nonce ‖ AES-256-GCM(1 MiB of the file) ‖ tag
    <material>/thumbnail    the same of the thumbnail, which is one piece

The key is the material's own. What a piece is sealed for names the material, the piece's number
and whether it is the last; how long it must be follows from the size that was said at the start.
"""

import io
from collections.abc import Iterator

from certs.errors import SealBroken
from certs.sealing import SealingKey, piece_aad
from hub.errors import StorageRefused
from hub.storage.objects import Objects

PIECE = 1 << 20
"""Bytes of a piece of a file; the last one may have fewer."""
OVERHEAD = 28
"""Bytes that sealing adds."""
FILE, THUMBNAIL, META = "file", "thumbnail", "meta"


def pieces_of(size: int) -> int:
    """How many pieces a file of ``size`` bytes has."""
    return -(-size // PIECE)


class SealedFile:
    """A file of ``size`` bytes (at least 1) by the name of its material."""

    def __init__(self, objects: Objects, material: str, key: SealingKey, size: int) -> None:
        self._objects = objects
        self._material = material
        self._key = key
        self.size = size
        self.pieces = pieces_of(size)

    def length(self, number: int) -> int:
        """How many bytes piece ``number`` must have."""
        return PIECE if number < self.pieces - 1 else self.size - PIECE * (self.pieces - 1)

    def put(self, number: int, data: bytes) -> bool:
        """Keep a piece, durably; whether it is kept: one that is here already stays."""
        sealed = self._key.seal(data, self._aad(number))
        return self._objects.put(self._material, _name(number), sealed)

    def get(self, number: int) -> bytes:
        """A piece; raises ``ObjectGone``, or ``StorageRefused`` if it is not what was received."""
        blob = self._objects.get(self._material, _name(number))
        try:
            data = self._key.open(blob, self._aad(number))
        except SealBroken as error:
            raise StorageRefused(why="piece-broken") from error
        if len(data) != self.length(number):
            raise StorageRefused(why="piece-broken")
        return data

    def here(self) -> list[int]:
        """The numbers of the pieces that are durably here."""
        names = self._objects.names(self._material)
        return [int(name) for name in names if name.isdecimal()]

    def read(self) -> Iterator[bytes]:
        """The whole file, piece by piece."""
        for number in range(self.pieces):
            yield self.get(number)

    def put_thumbnail(self, data: bytes) -> None:
        """Keep the thumbnail, durably."""
        aad = piece_aad(self._material, THUMBNAIL, 0, last=True)
        self._objects.put(self._material, THUMBNAIL, self._key.seal(data, aad), replace=True)

    def thumbnail(self) -> bytes:
        """The thumbnail; raises as ``get`` does."""
        blob = self._objects.get(self._material, THUMBNAIL)
        try:
            return self._key.open(blob, piece_aad(self._material, THUMBNAIL, 0, last=True))
        except SealBroken as error:
            raise StorageRefused(why="piece-broken") from error

    def settle(self) -> None:
        """Take away what was cut off while it came."""
        self._objects.settle(self._material)

    def remove(self) -> None:
        """Remove it all from the store."""
        self._objects.remove(self._material)

    def _aad(self, number: int) -> bytes:
        return piece_aad(self._material, FILE, number, last=number == self.pieces - 1)


def _name(number: int) -> str:
    return f"{number:08d}"


class SealedReader(io.RawIOBase):
    """A sealed file as one that can be read and sought in; two pieces of it are in memory."""

    def __init__(self, sealed: SealedFile) -> None:
        super().__init__()
        self._sealed = sealed
        self._at = 0
        self._number = -1
        self._piece = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._sealed.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        """Fill ``buffer`` with what follows, up to the end of a piece."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        number, start = divmod(self._at, PIECE)
        if self._at >= self._sealed.size or not len(view):
            return 0
        if number != self._number:
            self._piece, self._number = self._sealed.get(number), number
        part = self._piece[start : start + len(view)]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)
