"""Keys whose checkpoints are believed: the one pinned at enrolment, and those that followed it.

A hub replaces its checkpoint key every few years. The next one is believed because its certificate
leads to the pinned root, for checkpoints, for this hub; that is kept, so it is asked for once. What
the hub says beside the certificate is not used. A key under which the newest checkpoint is no
longer signed, while a younger one is, has ended: a new checkpoint under it alone is believed no
more, old ones are for ever.
"""

import logging
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from certs.canonical import Json, parse
from certs.certificates import CertificateFacts, Chain, checkpoint_urn, read_chain
from certs.encoding import digest
from certs.errors import CertificateError, CheckpointInvalid, Malformed, UntrustedCertificate
from certs.keys import PublicKey
from certs.note import Checkpoint, key_id, open_checkpoint, read_note
from connectors.clock import Clock
from connectors.errors import HubError
from connectors.receipts.store import ReceiptStore
from connectors.settings import LedgerPin
from connectors.transport import Transport

PATH = "/.well-known/yifen"
LIMIT = 1024 * 1024
MAX_KEYS = 1000
_DEPTH = 8
_CHAIN = 2
_log = logging.getLogger("yifen.connector")


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of checkpoints: the ``pinned`` one, believed for itself, or one with a ``chain``.

    ``ended``: it no longer signs, so it is no reason to believe a checkpoint that is new.
    """

    public: PublicKey
    chain: Chain | None
    pinned: bool
    ended: bool

    @property
    def since(self) -> int:
        """When its certificate began, in milliseconds; 0 without one."""
        return 0 if self.chain is None else self.chain.facts.not_before

    def holds(self, now: int) -> bool:
        """Whether it may sign at ``now``, as far as its certificate says."""
        if self.pinned or self.chain is None:
            return self.pinned
        try:
            self.chain.at(now)
        except CertificateError:
            return False
        return True


class _Row(NamedTuple):
    """A row of ``log_keys``; certificates are empty for a pinned key whose own is not known."""

    key: bytes
    certificate: bytes
    issuing: bytes
    ended: bool


class LogKeys:
    """The keys of one hub's ledger, kept in the store of receipts; ``root`` is PEM."""

    def __init__(
        self,
        transport: Transport,
        store: ReceiptStore,
        pin: LedgerPin,
        *,
        hub: str,
        root: bytes,
        clock: Clock,
    ) -> None:
        self._transport = transport
        self._store = store
        self._pinned = pin.keys()[0][1]
        self._hub = hub
        self._root = root
        self._clock = clock

    def known(self) -> tuple[LogKey, ...]:
        """Every key that we believe or have believed, the oldest first."""
        pinned = self._pinned.der
        found = {pinned: LogKey(self._pinned, None, pinned=True, ended=False)}
        for row in self._rows():
            chain = self._chain(row.certificate, row.issuing) if row.certificate else None
            public = PublicKey.from_der(row.key)
            found[row.key] = LogKey(public, chain, pinned=row.key == pinned, ended=row.ended)
        return tuple(sorted(found.values(), key=lambda key: key.since))

    def named(self, *names: str) -> tuple[tuple[str, PublicKey], ...]:
        """All of them under each of these names of the ledger: for what was signed at any time."""
        return tuple((name, key.public) for name in names for key in self.known())

    def open(self, note: str, *names: str) -> Checkpoint:
        """The checkpoint of a note that we kept or were shown; raises ``CheckpointInvalid``."""
        return open_checkpoint(note, self.named(*names))

    def open_newest(self, note: str, name: str) -> Checkpoint:
        """The checkpoint of a note that is new, signed by a key that signs now.

        A key that we do not know is looked up. Raises ``CheckpointInvalid``.
        """
        # 1 A signature of this log under a key that we do not know
        if self._unknown(note, name):
            self._learn()
        # 2 All keys that we know have signed well, if they have signed, and one of them still may
        known, now = self.known(), self._clock()
        checkpoint = open_checkpoint(note, [(name, key.public) for key in known])
        signed = [key for key in known if _has_signed(key.public, note, name)]
        if not any(key.holds(now) and not key.ended for key in signed):
            raise CheckpointInvalid(why="key-ended")
        # 3 Those that younger ones have left behind have ended
        youngest = max(key.since for key in signed)
        self._end([key for key in known if key not in signed and key.since < youngest])
        return checkpoint

    def chain_of(self, note: str, name: str) -> tuple[bytes, bytes] | None:
        """The certificates (DER) of a key that signed a note; None if only the pinned one did."""
        for row in self._rows():
            if row.certificate and _has_signed(PublicKey.from_der(row.key), note, name):
                return row.certificate, row.issuing
        return None

    def _rows(self) -> list[_Row]:
        rows = self._store.rows("SELECT key, certificate, issuing, ended FROM log_keys")
        return [
            _Row(_bytes(key), _bytes(certificate), _bytes(issuing), bool(ended))
            for key, certificate, issuing, ended in rows
        ]

    def _unknown(self, note: str, name: str) -> bool:
        """Whether a signature bears the ledger's name and a key id that is none of ours."""
        ids = {key_id(name, key.public) for key in self.known()}
        return any(one.name == name and one.key_id not in ids for one in read_note(note).signatures)

    def _learn(self) -> None:
        """Keep every key that the hub shows with a chain that holds now; others are left out."""
        for certificate, issuing in self._shown():
            try:
                facts = self._chain(certificate, issuing).at(self._clock())
            except CertificateError:
                continue
            new = self._store.change(
                "INSERT OR IGNORE INTO log_keys VALUES (?, ?, ?, ?, 0)",
                facts.public.der,
                certificate,
                issuing,
                self._clock(),
            )
            if new and facts.public.der != self._pinned.der:
                _log.warning(
                    "the ledger has a new key, certified by the pinned root: %s", _id(facts)
                )

    def _shown(self) -> list[tuple[bytes, bytes]]:
        """The chains that the hub shows; none if it shows nothing that can be read."""
        try:
            answer = self._transport.get(PATH, limit=LIMIT)
            if answer.status != HTTPStatus.OK:
                return []
            told = parse(answer.body, max_bytes=LIMIT, max_depth=_DEPTH)
        except (HubError, Malformed):
            return []
        ledger = told.get("ledger") if isinstance(told, dict) else None
        entries = ledger.get("vkeys") if isinstance(ledger, dict) else None
        if not isinstance(entries, list):
            return []
        chains = (_read_chain(entry) for entry in entries[:MAX_KEYS])
        return [chain for chain in chains if chain is not None]

    def _chain(self, certificate: bytes, issuing: bytes) -> Chain:
        return checkpoint_chain(certificate, issuing, root=self._root, hub=self._hub)

    def _end(self, keys: Sequence[LogKey]) -> None:
        for key in keys:
            if not key.ended:
                self._store.change(
                    "INSERT INTO log_keys VALUES (?1, x'', x'', ?2, ?2)"
                    " ON CONFLICT (key) DO UPDATE SET ended = ?2",
                    key.public.der,
                    self._clock(),
                )


@lru_cache(maxsize=64)
def checkpoint_chain(certificate: bytes, issuing: bytes, *, root: bytes, hub: str) -> Chain:
    """The chain of a key of the checkpoints of ``hub`` that leads to ``root`` (PEM).

    Raises errors of the certificate family; left to the caller: when it holds.
    """
    chain = read_chain(certificate, issuing, root, usage="checkpoint")
    if chain.facts.urn != checkpoint_urn(hub):
        raise UntrustedCertificate(why="hub")
    return chain


def _has_signed(key: PublicKey, note: str, name: str) -> bool:
    try:
        open_checkpoint(note, [(name, key)])
    except CheckpointInvalid:
        return False
    return True


def _read_chain(entry: Json) -> tuple[bytes, bytes] | None:
    chain = entry.get("x5c") if isinstance(entry, dict) else None
    if not isinstance(chain, list) or len(chain) != _CHAIN:
        return None
    try:
        certificate, issuing = (b64decode(str(part), validate=True) for part in chain)
    except (Base64Error, ValueError):
        return None
    return certificate, issuing


def _bytes(value: str | int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


def _id(facts: CertificateFacts) -> str:
    return digest(facts.public.der)
