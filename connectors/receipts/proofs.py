"""The ledger keeps the promise of every receipt, or an alarm is raised.

A checkpoint is believed if the pinned key signed it, or one that followed it (``log_keys.py``), and
it is consistent with the newest one that we have kept: a hub that shows its log to us must go on
showing that same log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from certs.canonical import Json, canonical, parse
from certs.encoding import unb64u
from certs.errors import CheckpointInvalid, Malformed, ProofInvalid, YifenError
from certs.note import MAX_NOTE_BYTES, Checkpoint
from certs.range_proof import join_proofs
from certs.tree import HASH_BYTES, verify_consistency, verify_inclusion
from connectors.clock import Clock
from connectors.errors import (
    HubError,
    HubUnintelligible,
    HubUnreachable,
    LedgerForked,
    LedgerRestored,
    ProofOverdue,
)
from connectors.later import restored
from connectors.receipts.log import KeptLog
from connectors.receipts.log_keys import LogKeys
from connectors.receipts.store import Kept, ReceiptStore
from connectors.settings import LedgerPin
from connectors.transport import Response, Transport

MAX_PROOF = 64
"""Hashes of a proof: a tree of 2^63 leaves has no longer one."""
CHECKPOINT, COSIGNED = "/ledger/checkpoint", "/ledger/cosigned"
NO_QUORUM = "no-quorum"
"""The hub has no checkpoint that enough of our witnesses have cosigned, or none so far."""
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
        keys: LogKeys,
    ) -> None:
        self._transport = transport
        self._store = store
        self._log = KeptLog(store)
        self._origin = pin.origin
        self._keys = keys
        self._pin = pin
        self._clock = clock
        self._minutes = minutes

    def checkpoint(self) -> Seen:
        """The newest checkpoint, consistent with every one seen before; it is kept.

        Raises ``LedgerForked`` and keeps both checkpoints as evidence if it is not, or
        ``CheckpointInvalid`` or ``HubError`` if there is none to believe; ``LedgerRestored`` if the
        hub says why.
        """
        try:
            note = self._newest()
            seen = Seen(self._named(self._keys.open_newest(note, self._origin)), note)
            # Where witnesses are pinned nothing counts that a quorum of them has not seen.
            self._pin.cosigned(note)
        except (CheckpointInvalid, HubUnreachable) as error:
            later = restored(self._transport, self._origin)
            if later is not None:
                raise later from error
            raise
        kept_note = self._store.checkpoint(self._origin)
        if kept_note is not None:
            kept = Seen(self._named(self._keys.open(kept_note, self._origin)), kept_note)
            self._check_consistent(kept, seen)
            if kept.checkpoint.size > seen.checkpoint.size and self._is_cosigned(kept_note):
                return kept
        self._store.write_checkpoint(self._origin, seen.checkpoint.size, note, self._clock())
        return seen

    def fetch(self) -> Progress:
        """Prove what can be proven now.

        Raises ``LedgerForked``, or ``ProofOverdue`` for the first receipt whose entry should
        long be in the ledger; all others have been tried by then.
        """
        # 1 What waits; of earlier names of the ledger, what a restore has kept
        ours: list[Kept] = []
        for origin, below in {self._origin: None, **self._log.earlier(self._origin)}.items():
            ours += self._store.received(origin, limit=BATCH, below=below)
            ours += self._store.overdue(origin, limit=ALARM_BATCH, below=below)
        if not ours:
            return Progress(0, self._store.unproven())
        # 2 One checkpoint for all of them; not to show one is no way out of a promise
        failure: YifenError | None = None
        seen: Seen | None = None
        try:
            seen = self.checkpoint()
        except (HubError, CheckpointInvalid, LedgerRestored) as error:
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

    def under_witnesses(self, kept: Kept) -> Kept:
        """A receipt with its proof under a checkpoint that the pinned witnesses cosigned.

        One that was proven before they were pinned is proven again. Raises as ``checkpoint`` does,
        or ``HubUnreachable`` if the hub gives no such proof.
        """
        if kept.checkpoint is None or self._is_cosigned(kept.checkpoint):
            return kept
        if not self._prove(kept, self.checkpoint()):
            raise HubUnreachable(why=NO_QUORUM)
        again = self._store.of_question(kept.request_id)
        return next(one for one in again if (one.origin, one.entry) == (kept.origin, kept.entry))

    def prove(
        self, leaves: Sequence[bytes], first: int, checkpoint: Checkpoint
    ) -> tuple[bytes, ...]:
        """The verified proof of leaves that stand behind one another: the path of a single one.

        The paths of the first and the last prove all between them, so however many there are it
        takes two requests. Raises as ``inclusion`` does.
        """
        size, root = checkpoint.size, checkpoint.root
        of_first = self.inclusion(first, size)
        if len(leaves) == 1:
            verify_inclusion(leaves[0], first, size, of_first, root)
            return of_first
        of_last = self.inclusion(first + len(leaves) - 1, size)
        return join_proofs(leaves, first, size, of_first, of_last, root)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The proof that the hub gives for an entry in the tree of ``size``, not yet verified.

        Raises ``HubError``, or ``ProofInvalid`` for what cannot be one.
        """
        answer = self._fetch(f"/ledger/inclusion?index={index}&size={size}", _PROOF_BYTES)
        return _read_proof(answer)

    def check_prefix(self, old: Checkpoint, new: Checkpoint) -> None:
        """Raise ``ProofInvalid`` unless the tree of ``old`` is the beginning of that of ``new``.

        Raises ``HubError`` if the hub gives no proof.
        """
        if old.size == new.size:
            if old.root != new.root:
                raise ProofInvalid
            return
        path = f"/ledger/consistency?first={old.size}&second={new.size}"
        proof = _read_proof(self._fetch(path, _PROOF_BYTES))
        verify_consistency(old.size, new.size, proof, old.root, new.root)

    def _prove(self, kept: Kept, seen: Seen) -> bool:
        """Fetch and keep one proof; False if the hub gave none that holds."""
        if kept.end > seen.checkpoint.size:
            return False
        try:
            proof = self.prove(kept.leaf_hashes, kept.entry, seen.checkpoint)
        except (HubError, ProofInvalid):
            return False
        self._store.write_proof(kept, proof, seen.note)
        return True

    def _check_consistent(self, kept: Seen, seen: Seen) -> None:
        old, new = sorted((kept.checkpoint, seen.checkpoint), key=lambda one: one.size)
        try:
            self.check_prefix(old, new)
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
            why = "not-included" if kept.end <= seen.checkpoint.size else "not-covered"
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

    def _newest(self) -> str:
        """The hub's newest checkpoint: the newest cosigned one where witnesses are pinned."""
        path = COSIGNED if self._pin.witnesses else CHECKPOINT
        answer = self._transport.get(path, limit=MAX_NOTE_BYTES)
        if path == COSIGNED and answer.status == HTTPStatus.NOT_FOUND:
            raise HubUnreachable(why=NO_QUORUM)
        try:
            return _checked(answer).body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise CheckpointInvalid(why="utf-8") from error

    def _is_cosigned(self, note: str) -> bool:
        try:
            self._pin.cosigned(note)
        except CheckpointInvalid:
            return False
        return True

    def _named(self, checkpoint: Checkpoint) -> Checkpoint:
        if checkpoint.origin != self._origin:
            raise CheckpointInvalid(why="origin")
        return checkpoint

    def _fetch(self, path: str, limit: int) -> Response:
        return _checked(self._transport.get(path, limit=limit))


def _checked(answer: Response) -> Response:
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
