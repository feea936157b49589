"""One try to enter a question's exit into the ledger, and what can become of it."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from certs.canonical import Json
from hub.storage.schema import NONCE_WINDOW


class Bounce(Enum):
    """Why an attempt was not entered; nothing but its nonce stands afterwards."""

    STALE = "stale"
    """The epoch has moved on, or a validity has run out: decide again."""
    REPLAYED = "replayed"
    REQUEST_ID_CONFLICT = "request-id-conflict"
    REPEATS_SPENT = "repeats-spent"
    QUOTA_SPENT = "quota-spent"
    CAP_SPENT = "delegation-cap-spent"
    """What a delegation's own cap leaves of today is too little; the grant's quota may have more.
    """
    VERIFY_THROTTLED = "verify-throttled"


class Nonce(NamedTuple):
    """A nonce to reserve: 63 bits of its digest, and the window in which ``expires`` lies."""

    id: int
    window: int

    @classmethod
    def of(cls, nonce_id: int, expires: int) -> "Nonce":
        """The nonce of a signature that ends at ``expires`` (seconds)."""
        return cls(nonce_id, expires // NONCE_WINDOW)


class QuestionKey(NamedTuple):
    """What a question is known by: 63 bits over asker and ``request_id``, and its content."""

    id: int
    content: bytes


class Charge(NamedTuple):
    """The grant whose daily quota pays, and the quota (None: counted, not limited).

    Of a delegation the same: its id, and its daily cap.
    """

    grant: str
    limit: int | None


class CasesSeen(NamedTuple):
    """Up to where a department's open cases were looked at, whose entries do not move the epoch.

    ``turn`` is where the newest entry stood that had changed them; -1 if none had.
    """

    department: str
    turn: int


class Guess(NamedTuple):
    """What was said of a subject: under what failures are counted, and whether it was right."""

    counter: int
    right: bool


class Sealed(NamedTuple):
    """A *person* part as stored: digest, sealed salt and part, and the key's number."""

    digest: str
    blob: bytes
    key: int


class Attempt(NamedTuple):
    """A decided exit with everything that can be computed before the lock.

    ``not_before`` and ``not_after`` (milliseconds) bound signature, certificate and grant
    together. ``control`` holds ``repeats`` as null; a repeat replaces it under the lock.
    """

    id: int
    kind: str
    nonce: Nonce | None
    question: QuestionKey | None
    epoch: int | None
    """The epoch of the decision; None for what depends on none (``busy``)."""
    not_before: int
    not_after: int
    charge: Charge | None
    mismatch: int | None
    """Of a failed verification: under what it is counted."""
    control: dict[str, Json]
    control_salt: bytes
    internal: bytes
    internal_salt: bytes
    person: Sealed
    guarded: int | None = None
    """Of a verification that agreed: the counter that must not be spent, or guessing would pay."""
    cap: Charge | None = None
    """The delegation whose daily cap pays beside ``charge``; None where none is used."""
    under: str | None = None
    """The delegation under which the entry is found again; None where none is used."""

    @property
    def entries(self) -> int:
        """How many entries it makes, and what it costs of a quota."""
        return 1


class Member(NamedTuple):
    """One entry of a batch, as far as it can be computed before the lock.

    ``control`` is canonical and ends with ``UNREPEATED``; under the lock its end may be replaced.
    """

    control: bytes
    control_digest: str
    control_salt: bytes
    internal: bytes
    internal_digest: str
    internal_salt: bytes
    person: Sealed


class BatchAttempt(NamedTuple):
    """A decided batch: one request, one entry for each subject, in their order."""

    id: int
    kind: str
    nonce: Nonce | None
    question: QuestionKey | None
    epoch: int | None
    not_before: int
    not_after: int
    charge: Charge | None
    members: list[Member]
    mismatch: None = None
    guarded: None = None
    cap: Charge | None = None
    under: str | None = None
    cases: CasesSeen | None = None
    """The open cases whose parties it is about; None where it is about none."""

    @property
    def entries(self) -> int:
        """How many entries it makes, and what it costs of a quota."""
        return len(self.members)


class JointAttempt(NamedTuple):
    """Several decided questions of one request: contiguous entries, each with its own grant.

    What bounds the request bounds all of them; ``epoch`` is that of every decision.
    """

    id: int
    nonce: Nonce | None
    question: QuestionKey | None
    epoch: int | None
    not_before: int
    not_after: int
    parts: list[Attempt]


class Held(NamedTuple):
    """Parts of a joint attempt, by place, that may not be answered; nothing of it was entered."""

    places: Mapping[int, Bounce]


UNREPEATED = b'"repeats":null}'
"""How every *control* of a first question ends: ``repeats`` is the last member of the canon."""


class Entered(NamedTuple):
    """An attempt that stands in the ledger, durably."""

    position: int
    time: int
    leaf: bytes
    leaf_hash: bytes
    control: bytes

    @property
    def as_batch(self) -> "EnteredBatch":
        """The same as a batch of one."""
        return EnteredBatch(self.position, self.time, [self.leaf], [self.leaf_hash], [self.control])


class EnteredBatch(NamedTuple):
    """A batch that stands in the ledger, durably, from position ``first`` on."""

    first: int
    time: int
    leaves: list[bytes]
    hashes: list[bytes]
    controls: list[bytes]
