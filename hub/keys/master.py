"""The master key of one process: whichever file holds the one that the register names.

    <master_key>        the file that the settings name
    <master_key>.new    one that is to take its place, made by ``hub key new-master``

A new one takes over with one transaction (``replacing.py``). Until its files have been put in
order, the one before lies in ``kept_keys``, wrapped by the new one; so at every moment one file
is enough: before the transaction the old one, after it the new one.
"""

from pathlib import Path

from certs.errors import KeyUnusable, SealBroken
from certs.sealing import MasterKey
from hub.keys.errors import MasterKeyOther
from hub.keys.register import active_master
from hub.storage.sqlite import Connection

BEFORE = "master-before/"
"""Beginning of the label under which the one before is kept; its name follows."""


class Master:
    """Wraps and unwraps with the master key of now, and follows its rotation.

    Raises ``MasterKeyOther`` if neither file holds the one that is needed, ``InsecureKeyFile`` or
    ``KeyUnusable``.
    """

    def __init__(self, path: Path, connection: Connection) -> None:
        self._path = path
        self._connection = connection
        self._key = self._find(active_master(connection))

    @property
    def key(self) -> MasterKey:
        """The key itself, for whoever puts another in its place."""
        self._follow()
        return self._key

    def wrap(self, key: bytes, context: str) -> bytes:
        """Seal a key for storage under the master key of now.

        Call it under the ledger's lock: what is wrapped before and stored after another one has
        taken over could never be opened again.
        """
        self._follow()
        return self._key.wrap(key, context)

    def unwrap(self, blob: bytes, context: str) -> bytes:
        """The wrapped key, also while the one before is being replaced; raises ``SealBroken``."""
        try:
            return self._key.unwrap(blob, context)
        except SealBroken:
            self._follow()
        try:
            return self._key.unwrap(blob, context)
        except SealBroken:
            before = before_of(self._connection, self._key)
            if before is None:
                raise
            return before.unwrap(blob, context)

    def _follow(self) -> None:
        needed = active_master(self._connection)
        if needed is not None and needed != self._key.fingerprint:
            self._key = self._find(needed)

    def _find(self, needed: str | None) -> MasterKey:
        found = "-"
        for path in (self._path, waiting_file(self._path)):
            key = load(path)
            # As long as the register has none, the settings alone say which it is.
            if key is None:
                continue
            if key.fingerprint == needed or (needed is None and path == self._path):
                return key
            found = key.fingerprint if found == "-" else found
        raise MasterKeyOther(needed=needed or "-", found=found, file=str(self._path))


def load(path: Path) -> MasterKey | None:
    """The master key in a file; None if there is none, or nothing that can be read as one.

    Raises ``InsecureKeyFile`` if others may read it.
    """
    try:
        return MasterKey.load(path)
    except (FileNotFoundError, KeyUnusable):
        return None


def waiting_file(path: Path) -> Path:
    """Where a new master key waits beside the one of ``path``."""
    return path.with_name(f"{path.name}.new")


def before_of(connection: Connection, key: MasterKey) -> MasterKey | None:
    """The master key before ``key``, while something may still be wrapped by it."""
    row: tuple[str, bytes] | None = connection.execute(
        "SELECT label, wrapped FROM kept_keys WHERE label LIKE ?", (f"{BEFORE}%",)
    ).fetchone()
    return None if row is None else key.unwrap_master(row[1], row[0].removeprefix(BEFORE))
