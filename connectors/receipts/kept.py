"""What the store keeps, as values."""

from dataclasses import dataclass, field
from typing import Literal

from certs.tree import HASH_BYTES
from connectors.jwks import ReceiptKey
from connectors.question import Operation

State = Literal["received", "proven", "alarm"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as kept; ``opening`` is canonical JSON, ``proof`` the hashes of its path."""

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
    operation: Operation
    dataset: str


@dataclass(frozen=True, slots=True)
class KeptQuestion:
    """A question as kept; ``body`` is what was signed."""

    request_id: str
    operation: Operation
    dataset: str
    body: bytes = field(repr=False)
    asked: int
    asker: str | None
    """The name of the gateway's key under which it came in; None for our own commands."""


@dataclass(frozen=True, slots=True)
class KeptAttempt:
    """One attempt that left, with the certificate (DER) of the key that signed it."""

    request: str
    base: bytes
    signature: bytes
    created: int
    certificate: bytes


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
    """The hashes of a proof kept as one value."""
    return tuple(data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES))
