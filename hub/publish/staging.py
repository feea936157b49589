"""Uploads on their way: each chunk sealed in a file of its own until its publication has ended.

    staging/<publication>/00000000.chunk   sealed digest (60 bytes) ‖ sealed CSV
                          rejections/…     ``rejections.py``
                          job.lock         held by the job that works on it

The key is the publication's own. A chunk's digest is sealed too: that of a short chunk could be
guessed. A file appears whole and durable or not at all.
"""

import os
import secrets
import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from certs.encoding import b64u
from certs.errors import SealBroken
from certs.sealing import SealingKey
from hub.errors import Conflict, StorageRefused, Unprocessable
from hub.storage.wrapped import publication_context

MAX_CHUNKS = 16_384
"""Chunks of one publication: 64 GiB at 4 MiB each, some 300 million residents."""

CHUNK_SUFFIX = ".chunk"
LOCK = "job.lock"
_DIGEST = 32
_SEALED_DIGEST = 12 + _DIGEST + 16


class Staging:
    """The folder of one publication."""

    def __init__(self, root: Path, publication: str, key: SealingKey) -> None:
        self.root = root
        self._publication = publication
        self._key = key

    def create(self, now: int) -> None:
        """Make the folder, readable by its owner alone; ``now`` in milliseconds."""
        try:
            self.root.mkdir(mode=0o700)
            (self.root / LOCK).touch(mode=0o600)
        except OSError as error:
            raise StorageRefused(why="staging") from error
        self.touch(now)

    def touch(self, now: int) -> None:
        """Note that something of the connector came at ``now``: the lock's file keeps the time."""
        os.utime(self.root / LOCK, ns=(now * 1_000_000, now * 1_000_000))

    def receive(self, number: int, data: bytes, *, limit: int) -> bool:
        """Keep chunk ``number``, durably; whether it is new here.

        Raises ``Unprocessable`` for what can be no chunk, ``Conflict`` if other bytes are there
        already, ``StorageRefused`` if it cannot be kept.
        """
        if not 0 <= number < MAX_CHUNKS:
            raise Unprocessable(why="chunk-number")
        _require_csv(data, limit)
        path = self._path(number)
        if path.exists():
            self._require_equal(number, data)
            return False
        place = self._place(number)
        digest = self._key.seal(sha256(data).digest(), place + b"/digest")
        part = self.root / f"{secrets.token_hex(8)}.part"
        try:
            try:
                _write_durably(part, (digest, self._key.seal(data, place)))
                # Unlike a renaming, a link takes no other's place.
                path.hardlink_to(part)
            finally:
                part.unlink(missing_ok=True)
            _sync_folder(self.root)
        except FileExistsError:
            self._require_equal(number, data)
            return False
        except OSError as error:
            raise StorageRefused(why="staging") from error
        return True

    def has(self, number: int) -> bool:
        """Whether chunk ``number`` is here."""
        return self._path(number).exists()

    def size(self, number: int) -> int:
        """The bytes of a chunk that is here, sealed."""
        return self._path(number).stat().st_size

    def of(self, publication: str) -> "Staging":
        """The folder of another publication, to remove it."""
        return Staging(self.root.with_name(publication), publication, self._key)

    def read(self, number: int) -> bytes:
        """The CSV of a chunk; raises ``StorageRefused`` if it is not what was received."""
        try:
            blob = self._path(number).read_bytes()
            return self._key.open(blob[_SEALED_DIGEST:], self._place(number))
        except (OSError, SealBroken) as error:
            raise StorageRefused(why="chunk-lost") from error

    def require_complete(self, chunks: int, digest: str) -> None:
        """Raise ``Unprocessable`` unless there are exactly ``chunks`` of this digest.

        The digest is over the digests of the chunks, one after the other.
        """
        here = sum(1 for _ in self.root.glob(f"*{CHUNK_SUFFIX}"))
        if here != chunks:
            raise Unprocessable(why="chunks-missing" if here < chunks else "chunks-beyond")
        whole = sha256()
        for number in range(chunks):
            try:
                whole.update(self._digest(number))
            except FileNotFoundError as error:
                raise Unprocessable(why="chunks-missing") from error
        if b64u(whole.digest()) != digest:
            raise Unprocessable(why="digest")

    def received(self) -> list[tuple[int, bytes]]:
        """Number and SHA-256 of every chunk that is durably here, in order.

        Raises ``StorageRefused`` for one that is not what was received.
        """
        found: list[tuple[int, bytes]] = []
        for number in sorted(int(path.stem) for path in self.root.glob(f"*{CHUNK_SUFFIX}")):
            try:
                found.append((number, self._digest(number)))
            except FileNotFoundError:
                return []  # the publication ends at this moment, and its chunks go
        return found

    def _digest(self, number: int) -> bytes:
        try:
            with self._path(number).open("rb") as file:
                sealed = file.read(_SEALED_DIGEST)
            return self._key.open(sealed, self._place(number) + b"/digest")
        except FileNotFoundError:
            raise
        except (OSError, SealBroken) as error:
            raise StorageRefused(why="chunk-lost") from error

    def remove(self) -> None:
        """Delete the whole folder."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.root / f"{number:08d}{CHUNK_SUFFIX}"

    def _place(self, number: int) -> bytes:
        return f"chunk/{self._publication}/{number}".encode("ascii")

    def _require_equal(self, number: int, data: bytes) -> None:
        if self.read(number) != data:
            raise Conflict(why="chunk-differs")


def remove_chunks(root: Path) -> None:
    """Delete the uploads in a publication's folder; what was found about them stays."""
    for pattern in (f"*{CHUNK_SUFFIX}", "*.part"):
        for path in root.glob(pattern):
            path.unlink(missing_ok=True)


def touched(root: Path) -> int:
    """When something of the connector came last, in milliseconds; 0 if nothing is left."""
    try:
        return (root / LOCK).stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0


def key_context(publication: str) -> str:
    """What the master key wraps a publication's key for."""
    return publication_context(publication)


def _require_csv(data: bytes, limit: int) -> None:
    """Raise ``Unprocessable`` for what cannot be whole rows of CSV in UTF-8.

    Quotation marks come in pairs in RFC 4180, so a chunk that was cut inside a quoted value shows;
    DuckDB's reader would drop such a last row without a word.
    """
    if not data:
        raise Unprocessable(why="chunk-empty")
    if len(data) > limit:
        raise Unprocessable(why="chunk-too-large")
    if not data.endswith(b"\n") or data.count(b'"') % 2:
        raise Unprocessable(why="chunk-cut")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unprocessable(why="chunk-not-utf-8") from error


def _write_durably(path: Path, parts: Sequence[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
