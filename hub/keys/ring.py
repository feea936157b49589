"""The keys that one process signs and reads with, read anew whenever the epoch moves.

Every change of the register moves the epoch, and nothing is signed before the epoch has been
looked at: a question decided before the change is sent back (``hub/ledger/committer.py``), and a
checkpoint is signed under the ledger's lock.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from certs.certificates import read_certificate
from certs.errors import KeyUnusable
from certs.keys import PrivateKey, PublicKey
from certs.receipts import ReceiptSigner, key_thumbprint
from certs.tokens import SessionRing, SessionTokens
from hub.clock import Clock
from hub.keys.errors import KeyFileMissing
from hub.keys.files import FILE_USES, find
from hub.keys.register import Key, registered
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection

_Loaded = TypeVar("_Loaded")
_TRIES = 3
"""Readings of the register before a missing file is a fault: one may be destroyed in between."""


@dataclass(frozen=True, slots=True)
class Ring:
    """What the register says at one epoch, with the keys that are in force."""

    register: tuple[Key, ...]
    receipt: ReceiptSigner
    credential: tuple[PrivateKey, str]
    checkpoints: tuple[tuple[Key, PrivateKey], ...]
    sessions: tuple[tuple[Key, SessionTokens], ...]

    def of(self, use: str) -> tuple[Key, ...]:
        """Every key of a use that there ever was, the newest first."""
        return tuple(key for key in self.register if key.use == use)


class KeyRing:
    """The ring of one process.

    Raises ``KeyFileMissing``, ``InsecureKeyFile`` or ``KeyUnusable`` when it cannot be read.
    """

    def __init__(self, folder: Folder, connection: Connection, hub: str, clock: Clock) -> None:
        self._keys = folder.keys
        self._connection = connection
        self._hub = hub
        self._clock = clock
        self._private: dict[str, PrivateKey] = {}
        self._tokens: dict[str, SessionTokens] = {}
        self._epoch = -1
        self._ring: Ring
        self.refresh()

    def follow(self, epoch: int) -> None:
        """Know the register as it stands at ``epoch`` or later."""
        if epoch != self._epoch:
            self._ring = self._read()
            self._epoch = epoch

    def refresh(self) -> Ring:
        """The ring as it stands now."""
        row: tuple[int] = self._connection.execute("SELECT epoch FROM ledger_head").fetchone()
        self.follow(row[0])
        return self._ring

    @property
    def receipt(self) -> ReceiptSigner:
        """Who signs receipts, as this process last knew it."""
        return self._ring.receipt

    @property
    def credential(self) -> tuple[PrivateKey, str]:
        """Who signs credentials and status lists, and its ``kid``, as of now."""
        return self.refresh().credential

    def signing(self, epoch: int, now: int) -> tuple[PrivateKey, ...]:
        """Who signs checkpoints at ``epoch`` and ``now``: one, or two while they change."""
        self.follow(epoch)
        return tuple(key for known, key in self._ring.checkpoints if known.stands(now))

    def known(self) -> tuple[PublicKey, ...]:
        """Every key that ever signed a checkpoint."""
        return tuple(
            read_certificate(key.certificate).public
            for key in self.refresh().of("checkpoint")
            if key.certificate is not None
        )

    def sessions(self) -> SessionRing:
        """The keys of sessions, the newest first."""
        ring, now = self.refresh(), self._clock()
        return SessionRing(*(tokens for known, tokens in ring.sessions if known.stands(now)))

    @property
    def checkpoint_key(self) -> PublicKey:
        """The newest key that signs checkpoints: the one to pin."""
        return self.refresh().checkpoints[0][1].public

    def _read(self) -> Ring:
        for _ in range(_TRIES - 1):
            with suppress(KeyFileMissing):
                return self._read_once()
        return self._read_once()

    def _read_once(self) -> Ring:
        register, now = registered(self._connection), self._clock()
        standing = [key for key in register if key.stands(now)]
        # What no longer stands is forgotten here as well as on the disk.
        self._private = {
            key.id: self._private.get(key.id) or self._load_private(key)
            for key in standing
            if key.use in {"receipt", "checkpoint", "credential"}
        }
        self._tokens = {
            key.id: self._tokens.get(key.id) or self._load_tokens(key)
            for key in standing
            if key.use == "session"
        }
        for use in FILE_USES:
            if not any(key.use == use for key in standing):
                raise KeyFileMissing(use=use, id="", folder=str(self._keys))
        receipt, credential = (
            next(self._private[key.id] for key in standing if key.use == use)
            for use in ("receipt", "credential")
        )
        return Ring(
            register=register,
            receipt=ReceiptSigner(receipt, key_thumbprint(receipt.public)),
            credential=(credential, key_thumbprint(credential.public)),
            checkpoints=tuple(
                (key, self._private[key.id]) for key in standing if key.use == "checkpoint"
            ),
            sessions=tuple((key, self._tokens[key.id]) for key in standing if key.use == "session"),
        )

    def _load_private(self, key: Key) -> PrivateKey:
        private = self._load(key, PrivateKey.load)
        certificate = None if key.certificate is None else read_certificate(key.certificate)
        if certificate is None or certificate.public.der != private.public.der:
            raise KeyUnusable(why="mismatch")
        return private

    def _load_tokens(self, key: Key) -> SessionTokens:
        return self._load(key, lambda path: SessionTokens.load(path, self._hub))

    def _load(self, key: Key, load: Callable[[Path], _Loaded]) -> _Loaded:
        path = find(self._keys, key.use, key.id, self._hub)
        try:
            if path is not None:
                return load(path)
        except FileNotFoundError:
            pass  # destroyed in between
        raise KeyFileMissing(use=key.use, id=key.id, folder=str(self._keys))
