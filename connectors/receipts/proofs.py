"""The ledger keeps the promise of every receipt, or an alarm is raised.

A checkpoint is believed if the pinned key signed it and it is consistent with the newest one that
we have kept: a hub that shows its log to us must go on showing that same log.
"""

from dataclasses import dataclass
from http import HTTPStatus

from certs.canonical import Json, canonical, parse
from certs.encoding import unb64u
from certs.errors import CheckpointInvalid, Malformed, ProofInvalid, YifenError
from certs.note import MAX_NOTE_BYTES, Checkpoint, open_checkpoint
from certs.tree import HASH_BYTES, verify_consistency, verify_inclusion
from connectors.clock import Clock
from connectors.errors import (
    HubError,
    HubUnintelligible,
    HubUnreachable,
    LedgerForked,
    ProofOverdue,
)
from connectors.receipts.store import Kept, ReceiptStore
from connectors.settings import LedgerPin
from connectors.transport import Response, Transport

MAX_PROOF = 64
"""Hashes of a proof: a tree of 2^63 leaves has no longer one."""
MINUTE = 60_000
BATCH = 1000
"""Receipts that one call proves."""
ALARM_BATCH = 100
"""Receipts in alarm that one call tries again, beside them."""
_PROOF_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that stands, with the note that says so."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What one round of proving came to; ``waiting`` are all that still have no proof."""

    proven: int
    waiting: int


class Proofs:
    """Fetches checkpoints and proofs of one ledger and keeps them."""

    def __init__(
        self,
        transport: Transport,
        store: ReceiptStore,
        pin: LedgerPin,
        clock: Clock,
        minutes: int,
    ) -> None:
        self._transport = transport
        self._store = store
        self._origin = pin.origin
        self._trusted = pin.keys()
        self._clock = clock
        self._minutes = minutes

    def checkpoint(self) -> Seen:
        """The newest checkpoint, consistent with every one seen before; it is kept.

        Raises ``LedgerForked`` and keeps both checkpoints as evidence if it is not, or
        ``CheckpointInvalid`` or ``HubError`` if there is none to believe.
        """
        answer = self._fetch("/ledger/checkpoint", MAX_NOTE_BYTES)
        try:
            note = answer.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise CheckpointInvalid(why="utf-8") from error
        seen = Seen(self._open(note), note)
        kept_note = self._store.checkpoint(self._origin)
        if kept_note is not None:
            kept = Seen(self._open(kept_note), kept_note)
            self._check_consistent(kept, seen)
            if kept.checkpoint.size > seen.checkpoint.size:
                return kept
        self._store.write_checkpoint(self._origin, seen.checkpoint.size, note, self._clock())
        return seen

    def fetch(self) -> Progress:
        """Prove what can be proven now.

        Raises ``LedgerForked``, or ``ProofOverdue`` for the first receipt whose entry should
        long be in the ledger; all others have been tried by then.
        """
        # 1 What waits
        ours = self._store.received(self._origin, limit=BATCH)
        ours += self._store.overdue(self._origin, limit=ALARM_BATCH)
        if not ours:
            return Progress(0, self._store.unproven())
        # 2 One checkpoint for all of them; not to show one is no way out of a promise
        failure: YifenError | None = None
        seen: Seen | None = None
        try:
            seen = self.checkpoint()
        except (HubError, CheckpointInvalid) as error:
            failure = error
        # 3 A proof for each that the checkpoint covers
        overdue: list[Kept] = []
        proven = 0
        for kept in ours:
            if seen is not None and self._prove(kept, seen):
                proven += 1
            elif self._clock() - kept.time > self._minutes * MINUTE:
                overdue.append(kept)
        # 4 What has waited too long is an alarm
        for kept in overdue:
            self._raise_alarm(kept, seen)
        if overdue:
            raise ProofOverdue(entry=overdue[0].entry, minutes=self._minutes) from failure
        if failure is not None:
            raise failure
        return Progress(proven, self._store.unproven())

    def _prove(self, kept: Kept, seen: Seen) -> bool:
        """Fetch and keep one proof; False if the hub gave none that holds."""
        size = seen.checkpoint.size
        if kept.entry >= size:
            return False
        try:
            answer = self._fetch(f"/ledger/inclusion?index={kept.entry}&size={size}", _PROOF_BYTES)
            proof = _read_proof(answer)
            verify_inclusion(kept.leaf_hash, kept.entry, size, proof, seen.checkpoint.root)
        except (HubError, ProofInvalid):
            return False
        self._store.write_proof(kept, proof, seen.note)
        return True

    def _check_consistent(self, kept: Seen, seen: Seen) -> None:
        old, new = sorted((kept.checkpoint, seen.checkpoint), key=lambda one: one.size)
        try:
            if old.size == new.size:
                if old.root != new.root:
                    raise ProofInvalid
                return
            answer = self._fetch(
                f"/ledger/consistency?first={old.size}&second={new.size}", _PROOF_BYTES
            )
            verify_consistency(old.size, new.size, _read_proof(answer), old.root, new.root)
        except (HubUnintelligible, ProofInvalid) as error:
            evidence = canonical({"kept": kept.note, "seen": seen.note})
            failure = LedgerForked(old=kept.checkpoint.size, new=seen.checkpoint.size)
            self._store.write_alarm(failure.code, "consistency", evidence, self._clock())
            raise failure from error

    def _raise_alarm(self, kept: Kept, seen: Seen | None) -> None:
        if kept.state == "alarm":
            return
        if seen is None:
            why = "no-checkpoint"
        else:
            why = "not-included" if kept.entry < seen.checkpoint.size else "not-covered"
        note = None if seen is None else seen.note
        evidence = canonical({"receipt": kept.token, "checkpoint": note, "entry": kept.entry})
        self._store.write_alarm(
            ProofOverdue.code,
            why,
            evidence,
            self._clock(),
            request_id=kept.request_id,
            overdue=kept,
        )

    def _open(self, note: str) -> Checkpoint:
        checkpoint = open_checkpoint(note, self._trusted)
        if checkpoint.origin != self._origin:
            raise CheckpointInvalid(why="origin")
        return checkpoint

    def _fetch(self, path: str, limit: int) -> Response:
        answer = self._transport.get(path, limit=limit)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise HubUnreachable(why="status")
        if answer.status != HTTPStatus.OK:
            raise HubUnintelligible(why="ledger")
        return answer


def _read_proof(answer: Response) -> tuple[bytes, ...]:
    """The hashes of a proof; raises ``ProofInvalid`` for anything else."""
    try:
        value = parse(answer.body, max_bytes=_PROOF_BYTES, max_depth=2)
        hashes = value.get("proof") if isinstance(value, dict) else None
        if not isinstance(hashes, list) or len(hashes) > MAX_PROOF:
            raise ProofInvalid
        return tuple(_hash(text) for text in hashes)
    except Malformed as error:
        raise ProofInvalid from error


def _hash(text: Json) -> bytes:
    data = unb64u(text) if isinstance(text, str) else b""
    if len(data) != HASH_BYTES:
        raise ProofInvalid
    return data
