"""What the store keeps, as values."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from certs.tree import HASH_BYTES
from connectors.jwks import ReceiptKey
from connectors.question import Asking

State = Literal["received", "proven", "alarm"]


class Signable(Protocol):
    """A question as it is written down: about one subject, or a batch."""

    @property
    def operation(self) -> Asking:
        """What it asks for."""

    @property
    def request_id(self) -> str:
        """Its identity."""

    @property
    def dataset(self) -> str:
        """The local code of the dataset."""

    def body(self) -> bytes:
        """What is signed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as kept; ``opening`` is canonical JSON, ``proof`` the hashes of its path.

    That of a batch has several entries from ``entry`` on: ``opening`` is then the list of theirs,
    ``leaf`` and ``outcome`` are the first one's, ``leaf_hash`` is all of them, one after the
    other, and ``proof`` that of a range (``certs/range_proof.py``).
    """

    entry: int
    origin: str
    request: str
    request_id: str
    token: str
    status: int
    outcome: str
    leaf: bytes
    leaf_hash: bytes
    opening: bytes = field(repr=False)
    time: int
    state: State
    proof: tuple[bytes, ...] | None
    checkpoint: str | None
    key: ReceiptKey = field(repr=False)
    operation: Asking
    dataset: str
    entries: int = 1

    @property
    def end(self) -> int:
        """The index behind its last entry."""
        return self.entry + self.entries

    @property
    def leaf_hashes(self) -> tuple[bytes, ...]:
        """The hash of each of its leaves."""
        return split_proof(self.leaf_hash)


@dataclass(frozen=True, slots=True)
class KeptQuestion:
    """A question as kept; ``body`` is what was signed."""

    request_id: str
    operation: Asking
    dataset: str
    body: bytes = field(repr=False)
    asked: int
    asker: str | None
    """The name of the gateway's key under which it came in; None for our own commands."""


@dataclass(frozen=True, slots=True)
class KeptAttempt:
    """One attempt that left, with the certificate (DER) of the key that signed it.

    ``round`` is above 0 where ``request`` is not its own R, but that of a round of a case.
    """

    request: str
    base: bytes
    signature: bytes
    created: int
    certificate: bytes
    round: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that did not prove; ``evidence`` is what shows it."""

    id: int
    time: int
    code: str
    why: str
    request_id: str | None
    evidence: bytes = field(repr=False)


def split_proof(data: bytes) -> tuple[bytes, ...]:
    """The hashes kept as one value."""
    return tuple(data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES))
