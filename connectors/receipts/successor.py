"""A ledger that goes on under a later name after a restore: what that means, and whether to follow.

A restore cannot be undone by a department; but it can be held to what it says. Its entry is public,
stands at the first index of the new name, names what is lost, and binds the newest checkpoint that
was known of the old one. ``examine`` proves all of that against the new checkpoint and against what
we hold ourselves. Whether to follow is for a person to decide; then ``accept`` keeps the name, and
what of our receipts is lost becomes an alarm with its evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from certs.canonical import Json, canonical, parse
from certs.errors import CheckpointInvalid, LeafMismatch, Malformed, ProofInvalid
from certs.note import Checkpoint, vkey
from certs.tree import verify_inclusion
from connectors.clock import Clock
from connectors.errors import HubUnintelligible, ProofOverdue
from connectors.later import is_later, number_of
from connectors.receipts.changes import RESTORE, OpenedChange, open_change
from connectors.receipts.errors import EntriesLost, RestoreUnproven
from connectors.receipts.log import Accepted, Held, KeptLog
from connectors.receipts.log_keys import LogKeys
from connectors.receipts.proofs import Proofs, Seen
from connectors.receipts.store import ReceiptStore
from connectors.settings import LedgerPin, Settings
from connectors.transport import MAX_ANSWER, Transport

PATH = "/ledger/origins"
_DEPTH = 12
_END = 1 << 62
REPROVEN = 1000
"""Receipts that are proven again at once; the others are when they are next looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """One restore: what it kept and lost (entries from ``kept`` up to ``lost_to``), and when.

    ``lost_to`` is None if the hub does not know; ``bound`` is the checkpoint that it binds.
    """

    origin: str
    kept: int
    lost_to: int | None
    time: int
    bound: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What following means; ``lost`` are our receipts whose entries are lost."""

    old: str
    pin: LedgerPin
    steps: tuple[Step, ...]
    kept: int
    opening: bytes
    seen: Seen
    lost: tuple[Held, ...]
    bound: bool
    """Whether the restore binds a checkpoint at least as new as the one that we hold."""


class Successor:
    """Looks for a later name of the pinned ledger."""

    def __init__(
        self,
        transport: Transport,
        store: ReceiptStore,
        settings: Settings,
        clock: Clock,
        keys: LogKeys,
    ) -> None:
        self._transport = transport
        self._store = store
        self._log = KeptLog(store)
        self._settings = settings
        self._clock = clock
        self._keys = keys

    def examine(self) -> Offer | None:
        """What following the newest name means; None if the ledger has no later one.

        Raises ``RestoreUnproven`` (the alarm is on record) if what the hub shows does not hold, or
        ``HubError``.
        """
        pinned = self._settings.ledger
        later = self._later(pinned.origin)
        if not later:
            return None
        name = _text(later[-1], "origin")
        key = vkey(name, pinned.keys()[0][1])
        newest = pinned.model_copy(update={"origin": name, "vkey": key})
        minutes = self._settings.proof_minutes
        proofs = Proofs(self._transport, self._store, newest, self._clock, minutes, self._keys)
        try:
            seen = proofs.checkpoint()
            steps = tuple(self._step(raw, proofs, seen) for raw in later)
            kept = min(step.kept for step in steps)
            agreed = self._agreed(kept, proofs, seen)
            self._prove_again(agreed, kept, proofs, seen)
        except (CheckpointInvalid, LeafMismatch, ProofInvalid, HubUnintelligible) as error:
            raise self._unproven(str(error.facts.get("why", "proof")), later) from error
        return Offer(
            old=pinned.origin,
            pin=newest,
            steps=steps,
            kept=kept,
            opening=canonical(later),
            seen=seen,
            lost=tuple(self._lost(kept)),
            bound=self._is_bound(kept, steps),
        )

    def accept(self, offer: Offer, *, although_unbound: bool = False) -> None:
        """Keep the name, and the alarm over what is lost; the pin is the caller's to write.

        Raises ``RestoreUnproven`` for a restore that is not bound, unless that is accepted too.
        """
        if not offer.bound and not although_unbound:
            raise self._unproven("not-bound", parse_list(offer.opening))
        now = self._clock()
        name = Accepted(
            offer.pin.origin, offer.old, offer.kept, offer.opening, offer.seen.note, now
        )
        with self._store.group():
            if self._log.accept(name) and offer.lost:
                evidence: dict[str, Json] = {
                    "checkpoint": offer.seen.note,
                    "held": self._store.checkpoint(offer.old),
                    "origins": parse_list(offer.opening),
                    "receipts": [
                        {"entry": one.entry, "receipt": one.token, "request_id": one.request_id}
                        for one in offer.lost
                    ],
                }
                code = EntriesLost.code
                self._store.write_alarm(code, "restore", canonical(evidence), now)
                for one in offer.lost:
                    self._log.give_up(one, ProofOverdue.code, offer.pin.origin, now)

    def _later(self, pinned: str) -> list[Json]:
        """What the hub opens of each later name, in order."""
        answer = self._transport.get(PATH)
        if answer.status != HTTPStatus.OK:
            raise HubUnintelligible(why="origins")
        try:
            told = parse(answer.body, max_bytes=MAX_ANSWER, max_depth=_DEPTH)
        except Malformed as error:
            raise HubUnintelligible(why="origins") from error
        names = told.get("origins") if isinstance(told, dict) else None
        if not isinstance(names, list):
            raise HubUnintelligible(why="origins")
        later = [raw for raw in names if is_later(_text(raw, "origin"), pinned)]
        return sorted(later, key=lambda raw: number_of(_text(raw, "origin")) or 0)

    def _step(self, raw: Json, proofs: Proofs, seen: Seen) -> Step:
        """One restore, proven against the newest checkpoint of the new name."""
        opened, origin = open_change(raw), _text(raw, "origin")
        state = opened.state
        if (opened.leaf.kind, state.get("act")) != ("operator", RESTORE):
            raise ProofInvalid(why="kind")
        if state.get("origin") != origin or state.get("kept") != opened.index:
            raise ProofInvalid(why="state")
        size = seen.checkpoint.size
        proof = proofs.inclusion(opened.index, size)
        verify_inclusion(opened.leaf_hash, opened.index, size, proof, seen.checkpoint.root)
        bound = self._bound(state)
        return Step(origin, opened.index, _lost_to(opened, bound), opened.leaf.time, bound)

    def _bound(self, state: Mapping[str, Json]) -> Checkpoint | None:
        note, name = state.get("checkpoint"), str(state.get("from"))
        if note is None:
            return None
        bound = self._keys.open(str(note), name)
        if bound.origin != name:
            raise CheckpointInvalid(why="origin")
        return bound

    def _agreed(self, kept: int, proofs: Proofs, seen: Seen) -> int:
        """The largest size not beyond ``kept`` at which a checkpoint that we hold is continued.

        Raises ``ProofInvalid`` if it is not: then the kept part is another history.
        """
        name = self._settings.ledger.origin
        newest = self._store.checkpoint(name)
        notes = [*self._log.checkpoints(name, kept), *([] if newest is None else [newest])]
        held = [(size, note) for note in notes if (size := _size_of(note)) <= kept]
        if not held:
            return 0
        checkpoint = self._keys.open(max(held)[1], name)
        proofs.check_prefix(checkpoint, seen.checkpoint)
        return checkpoint.size

    def _prove_again(self, agreed: int, kept: int, proofs: Proofs, seen: Seen) -> None:
        """Prove receipts that are said to be kept, and that no checkpoint covers that we hold."""
        names = [self._settings.ledger.origin, *self._log.earlier(self._settings.ledger.origin)]
        checkpoint = seen.checkpoint
        held = self._log.receipts(names, agreed, kept)
        # A batch that reaches beyond what was kept is lost as a whole.
        whole = [one for one in held if one.entry + len(one.leaf_hashes) <= kept]
        for one in whole[:REPROVEN]:
            proofs.prove(one.leaf_hashes, one.entry, checkpoint)

    def _lost(self, kept: int) -> list[Held]:
        name = self._settings.ledger.origin
        lost = self._log.receipts([name], kept, _END)
        for earlier, below in self._log.earlier(name).items():
            lost += self._log.receipts([earlier], kept, below)
        return lost

    def _is_bound(self, kept: int, steps: tuple[Step, ...]) -> bool:
        name = self._settings.ledger.origin
        note = self._store.checkpoint(name)
        if note is None:
            return True
        held = self._keys.open(note, name)
        return held.size <= kept or any(_covers(step.bound, held) for step in steps)

    def _unproven(self, why: str, later: list[Json]) -> RestoreUnproven:
        failure = RestoreUnproven(why=why)
        held = self._store.checkpoint(self._settings.ledger.origin)
        evidence = canonical({"held": held, "origins": later})
        self._store.write_alarm(failure.code, why, evidence, self._clock())
        return failure


def parse_list(data: bytes) -> list[Json]:
    """A list that we wrote ourselves."""
    value = parse(data, max_bytes=len(data), max_depth=_DEPTH)
    return value if isinstance(value, list) else []


def _size_of(note: str) -> int:
    """The size that a note tells, which we have verified before we kept it."""
    return int(note.split("\n")[1])


def _covers(bound: Checkpoint | None, held: Checkpoint) -> bool:
    """Whether a restore accounts for a checkpoint that we hold.

    A larger one of the same name may have continued ours: that can no longer be proven.
    """
    if bound is None or bound.origin != held.origin:
        return False
    return bound.size > held.size or (bound.size, bound.root) == (held.size, held.root)


def _lost_to(opened: OpenedChange, bound: Checkpoint | None) -> int | None:
    """The end of what a restore says is lost, which must be what the checkpoint bound tells."""
    expected = None if bound is None else max(opened.index, bound.size)
    if opened.state.get("lost") != [opened.index, expected]:
        raise ProofInvalid(why="lost")
    return expected


def _text(raw: Json, name: str) -> str:
    value = raw.get(name) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ""
