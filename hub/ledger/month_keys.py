"""A key for each retention class and month, in a file of its own beside the database.

It wraps the keys of all processes that sealed *person* parts of that class in that month
(``persons.py``), and is itself wrapped by the master key. So the file alone opens nothing, and
database and master key open nothing once the file is gone, in whatever backup they lie: destroying
one file of a hundred bytes erases a month (``erasure.py``).

    keys/persons/<class>-<YYYY-MM>.key      mode 0600
"""

import os
from collections.abc import Iterator
from pathlib import Path

from certs.encoding import b64u, unb64u
from certs.errors import MalformedEncoding, SealBroken, SecretError
from certs.keys import destroy_secret, read_secret, sync_folder, write_secret
from certs.sealing import KEY_BYTES, SealingKey, Wrapping
from hub.storage.sqlite import Connection

FOLDER = "persons"
_PREFIX = "yifen-month-key-1:"
_SUFFIX = ".key"
_BESIDE = ".new"


class MonthKeyLost(SecretError):
    """A key that is still needed is missing or does not open; facts ``retention``, ``month``."""

    code = "month-key-lost"


class MonthKeys:
    """The month keys of one hub; ``keys`` is the folder of its keys.

    No key is kept here: whoever opens one forgets it again.
    """

    def __init__(self, keys: Path, master: Wrapping) -> None:
        self._folder = keys / FOLDER
        self._master = master

    def path(self, retention: str, in_month: str) -> Path:
        """The file of a class and month (``2026-01``)."""
        return self._folder / f"{retention}-{in_month}{_SUFFIX}"

    def exists(self, retention: str, in_month: str) -> bool:
        """Whether there is a key of this class and month."""
        return self.path(retention, in_month).exists()

    def open(self, retention: str, in_month: str) -> SealingKey:
        """The key of a class and month.

        Raises ``SealBroken`` if it was destroyed or another master key wrapped it, and
        ``InsecureKeyFile``.
        """
        try:
            blob = _read(self.path(retention, in_month))
        except FileNotFoundError as error:
            raise SealBroken from error
        return SealingKey(self._master.unwrap(blob, _context(retention, in_month)))

    def make(self, retention: str, in_month: str) -> SealingKey:
        """The key of a class and month, durably made if there is none; raises as ``open`` does.

        Only under the ledger's lock: then whoever comes second finds what the first one made.
        """
        if self.exists(retention, in_month):
            return self.open(retention, in_month)
        key = os.urandom(KEY_BYTES)
        path = self.path(retention, in_month)
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700)
            sync_folder(self._folder.parent)
        _write(path, self._master.wrap(key, _context(retention, in_month)))
        return SealingKey(key)

    def destroy(self, retention: str, in_month: str) -> None:
        """Overwrite and remove the key of a class and month, durably; again does no harm."""
        path = self.path(retention, in_month)
        destroy_secret(path)
        destroy_secret(path.with_suffix(_BESIDE))

    def rewrap(self, old: Wrapping, new: Wrapping) -> None:
        """Wrap every month key by ``new`` in place of ``old``.

        Each file holds the one or the other at every moment; cut off and called again it goes on.
        Raises ``SealBroken`` for a file that neither opens, before anything is changed.
        """
        waiting: list[tuple[Path, bytes]] = []
        for retention, in_month in self.names():
            path, context = self.path(retention, in_month), _context(retention, in_month)
            blob = _read(path)
            try:
                new.unwrap(blob, context)
            except SealBroken:
                waiting.append((path, new.wrap(old.unwrap(blob, context), context)))
        for path, wrapped in waiting:
            _replace(path, wrapped)

    def names(self) -> Iterator[tuple[str, str]]:
        """Class and month of every key there is."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            retention, _, in_month = path.stem.partition("-")
            yield retention, in_month


def require_all(connection: Connection, month_keys: MonthKeys) -> None:
    """Raise ``MonthKeyLost`` for the first class and month that should open and does not."""
    for retention, in_month in connection.execute(
        "SELECT DISTINCT retention, month FROM person_keys WHERE wrapped IS NOT NULL"
    ).fetchall():
        try:
            month_keys.open(retention, in_month)
        except SealBroken as error:
            raise MonthKeyLost(retention=retention, month=in_month) from error


def _read(path: Path) -> bytes:
    try:
        text = read_secret(path).decode("ascii").removesuffix("\n")
        if not text.startswith(_PREFIX):
            raise SealBroken
        return unb64u(text.removeprefix(_PREFIX))
    except (UnicodeDecodeError, MalformedEncoding) as error:
        raise SealBroken from error


def _write(path: Path, blob: bytes) -> None:
    """Write a key's file whole or not at all; what a crash left beside it goes first."""
    beside = path.with_suffix(_BESIDE)
    destroy_secret(beside)
    write_secret(beside, f"{_PREFIX}{b64u(blob)}\n".encode("ascii"))
    beside.replace(path)
    sync_folder(path.parent)


def _replace(path: Path, blob: bytes) -> None:
    """Put another wrapping in the place of one, and overwrite what lay there."""
    with path.open("r+b", buffering=0) as before:
        _write(path, blob)
        before.write(bytes(os.fstat(before.fileno()).st_size))
        os.fsync(before.fileno())


def _context(retention: str, in_month: str) -> str:
    return f"person-month/{retention}/{in_month}"
