"""The control plane derived again from the ledger's *control* parts alone.

Entries of control changes hold the whole new state. Played back in order they give the tables as
they must be, and the order in which grants, revocations and answers came to be.
"""

from collections.abc import Iterator, Mapping

from certs.canonical import Json
from certs.encoding import from_rfc3339, unb64u
from certs.errors import Malformed
from hub.ledger.asked import Asked
from hub.ledger.batch_order import BatchSoFar, follow
from hub.ledger.delegation_order import delegation_faults, delegation_order
from hub.ledger.destructions import Thing, read
from hub.ledger.naming import local
from hub.ledger.openable import RESTORE, opened_to
from hub.ledger.succession import follows

KEYS: Mapping[str, str] = {
    "application": "id",
    "calendar": "day",
    "case": "id",
    "certificate": "keyid",
    "connector": "urn",
    "dataset": "code",
    "delegation": "id",
    "department": "code",
    "entry": "code",
    "disposal": "grant",
    "disposition": "id",
    "grant": "id",
    "hold": "id",
    "key": "id",
    "licence": "id",
    "licence-type": "code",
    "mark": "pseudonym",
    "material": "id",
    "person": "account",
    "purpose": "code",
    "rules": "id",
    "service": "id",
    "status-list": "number",
    "objection": "id",
    "stop": "id",
    "usage": "id",
}
"""The member of a state that names the thing, by kind of entry."""
MOVES: Mapping[str, bool | None] = {
    "application": None,
    "attempts": False,
    "audit-read": False,
    "calendar": False,
    "case": False,
    "certificate": True,
    "connector": True,
    "dataset": True,
    "delegation": True,
    "department": True,
    "destruction": True,
    "disposal": None,
    "disposition": None,
    "entry": None,
    "erasure": False,
    "grant": True,
    "hold": False,
    "key": True,
    "licence": True,
    "licence-type": True,
    "mark": True,
    "material": True,
    "notice": False,
    "objection": None,
    "objection-refused": False,
    "operator": None,
    "person": None,
    "publication": None,
    "purpose": True,
    "rules": True,
    "service": True,
    "status-list": True,
    "stop": True,
    "usage": False,
}
"""Every kind of change, and whether it must move the epoch: True for all that a decision depends
on; None where it is free or hangs on the state (``_must_move``)."""
QUESTIONS = frozenset({"lookup", "verify", "view", "feed"})
_DIGEST = 32
ANSWERED = frozenset({"answered", "empty"})
_OUTCOMES = ANSWERED | {"busy", "malformed", "refused"}
SHOWN = ("content", "note", "status")
"""What of a licence's state stands for what a lookup tells."""
_PERSON_DECIDES = ("department", "roles", "status")
"""What decisions read of a person."""
_ACTOR = ("channel", "connector", "department")
_SAME_QUESTION = (*_ACTOR, "dataset", "delegation", "purpose")
"""What a repeat has in common with its first; the rest of the content stands in no *control*."""


class Replay:
    """The state of the control plane at one position."""

    def __init__(self, asked: Asked) -> None:
        self.epoch = 0
        self.things: dict[tuple[str, str], Mapping[str, Json]] = {}
        self.restores: list[tuple[int, int, Mapping[str, Json]]] = []
        """Position, time and state of each entry that opened a new origin."""
        self.openable: set[tuple[str, int]] = set()
        """Department and position of what is opened to departments."""
        self.delegated: set[tuple[str, int]] = set()
        """Delegation and position of what was asked under one, and had a grant."""
        self.live: dict[str, Mapping[str, Json]] = {}
        """By dataset, what its newest publication made live."""
        self.marks: dict[int, Mapping[str, Json]] = {}
        """By position, every change of a mark: who follows is told in this order."""
        self.destroyed: set[Thing] = set()
        """Materials, and cases' contents, of which nothing is left but what entries say."""
        self.told: dict[Thing, int] = {}
        """Of materials and licences, where the newest entry stands that changed what a lookup
        tells of them: who follows is told in this order."""
        self._asked = asked
        self._batch: BatchSoFar | None = None
        """The batch, or single question, that the entry before belongs to."""
        self._moved: tuple[Json, ...] | None = None
        """Time and actor of the entry before, if that was of a change that moved the epoch."""

    def step(
        self, position: int, kind: str, time: int, control: Mapping[str, Json]
    ) -> Iterator[str]:
        """Take one entry; gives the reason of each thing that does not agree."""
        if kind in QUESTIONS:
            self._moved = None
            if control.get("delegation") is not None and control.get("grant") is not None:
                self.delegated.add((local(control.get("delegation")), position))
            yield from self._question(kind, time, control)
            yield from self._identity(position, kind, time, control)
        else:
            self._batch = None
            yield from self._change(position, kind, time, control)

    def _change(
        self, position: int, kind: str, time: int, control: Mapping[str, Json]
    ) -> Iterator[str]:
        epoch, moves, state = (control.get(name) for name in ("epoch", "moves_epoch", "state"))
        allowed = {self.epoch}
        if moves is True:
            # One change may have several entries, one after the other at one time.
            change = (time, *(control.get(name) for name in _ACTOR))
            allowed = {self.epoch + 1} | ({self.epoch} if self._moved == change else set())
            self._moved = change
        else:
            self._moved = None
        if type(epoch) is not int or epoch not in allowed:
            yield "epoch"
        if type(epoch) is int:
            self.epoch = epoch
        if kind not in MOVES:
            yield "kind"
        if not isinstance(state, dict):
            yield "state"
            return
        if type(moves) is not bool or self._must_move(kind, state) not in {None, moves}:
            yield "moves-epoch"
        yield from self._remember(position, kind, state)
        if kind == "publication":
            yield from self._publication(state)
        self.openable |= {(to, position) for to in opened_to(kind, state, self._provider)}
        if kind == "operator" and state.get("act") == RESTORE:
            yield from self._restore(position, time, state)

    def _remember(self, position: int, kind: str, state: Mapping[str, Json]) -> Iterator[str]:
        """Keep the newest state of a thing, if it may follow the one before, and each of a mark."""
        name = KEYS.get(kind)
        if name is not None:
            thing = (kind, str(state.get(name)))
            before = self.things.get(thing)
            yield from _follows(kind, before, state)
            self.things[thing] = state
            if kind == "material" or (kind == "licence" and _looks_otherwise(before, state)):
                self.told[thing] = position
        if kind == "mark":
            self.marks[position] = state
        elif kind == "destruction" and (told := read(state)) is not None:
            self.destroyed.update(told.things)
            self.told.update(dict.fromkeys(told.things, position))

    def _publication(self, state: Mapping[str, Json]) -> Iterator[str]:
        """Whether what goes live follows what stood."""
        if state.get("state") != "live":
            return
        dataset = local(state.get("dataset"))
        if "definition" not in state:
            # Of before definitions could change: the only one that the dataset had.
            known = self.things.get(("dataset", dataset), {})
            state = {**state, "definition": known.get("definition")}
        if not follows(self.live.get(dataset), state):
            yield "publication-order"
        self.live[dataset] = state

    def _provider(self, dataset: str) -> str | None:
        state = self.things.get(("dataset", dataset))
        return None if state is None else str(state.get("department"))

    def _restore(self, position: int, time: int, state: Mapping[str, Json]) -> Iterator[str]:
        """Whether a restore names what stands before it as kept, and the next name of the log."""
        before = str(self.restores[-1][2].get("origin")) if self.restores else ""
        earlier = max(_number(before), _number(str(state.get("from"))))
        lost: Json = [position, _lost_to(position, state.get("checkpoint"))]
        said = (state.get("kept"), state.get("lost"))
        if said != (position, lost) or _number(str(state.get("origin"))) <= earlier:
            yield "restore"
        self.restores.append((position, time, state))

    def _must_move(self, kind: str, state: Mapping[str, Json]) -> bool | None:
        """Whether a change to this state moves the epoch; None if it may and need not."""
        if kind == "publication":
            return state.get("state") == "live"
        if kind == "person":
            before = self.things.get((kind, str(state.get(KEYS[kind]))))
            if before is None or any(before.get(n) != state.get(n) for n in _PERSON_DECIDES):
                return True
        return MOVES.get(kind)

    def _identity(
        self, position: int, kind: str, time: int, control: Mapping[str, Json]
    ) -> Iterator[str]:
        """Whether R is this question's alone, and what it repeats was the same asker's question.

        Entries of one batch share their R: they stand behind one another and differ as its
        subjects do.
        """
        try:
            request = unb64u(str(control.get("R")))
        except Malformed:
            request = b""
        if len(request) != _DIGEST:
            yield "request"
        else:
            batch = follow(self._batch, time, control)
            if batch.size == 1 and not self._asked.is_new(request):
                yield "request-twice"
            self._batch = batch
        first = control.get("repeats")
        if first is not None and not self._repeats(first, position, kind, control):
            yield "repeats"

    def _repeats(self, first: Json, position: int, kind: str, control: Mapping[str, Json]) -> bool:
        """Whether an earlier entry is the same asker's question, and itself no repeat."""
        earlier = self._asked.at(first) if type(first) is int and first < position else None
        if earlier is None or earlier[0] != kind or earlier[1].get("repeats") is not None:
            return False
        return all(earlier[1].get(name) == control.get(name) for name in _SAME_QUESTION)

    def _question(self, kind: str, time: int, control: Mapping[str, Json]) -> Iterator[str]:
        outcome = control.get("outcome")
        if control.get("epoch") != self.epoch and outcome != "busy":
            yield "epoch"
        if not isinstance(outcome, str) or outcome not in _OUTCOMES:
            yield "outcome"
            return
        if outcome not in ANSWERED:
            return
        grant = self.things.get(("grant", local(control.get("grant"))))
        if grant is None:
            yield "answer-without-grant"
            return
        try:
            yield from self._under(grant, kind, time, control)
        except Malformed:
            yield "grant-state"

    def _under(
        self, grant: Mapping[str, Json], kind: str, time: int, control: Mapping[str, Json]
    ) -> Iterator[str]:
        """Whether an answer agrees with its grant as the grant stood at this position."""
        if grant.get("status") != "active":
            yield f"answer-after-{grant.get('status')}"
        if grant.get("version") != control.get("grant_version"):
            yield "grant-version"
        valid_from = from_rfc3339(str(grant.get("valid_from")))
        if not valid_from <= time < from_rfc3339(str(grant.get("valid_until"))):
            yield "grant-out-of-time"
        if grant.get("dataset") != local(control.get("dataset")):
            yield "grant-dataset"
        if "delegation" in control:
            yield from self._borrowed(grant, time, control)
        elif grant.get("department") != local(control.get("department")):
            yield "grant-department"
        for name, value in (
            ("operations", kind),
            ("channels", control.get("channel")),
            ("purposes", control.get("purpose")),
        ):
            members = grant.get(name)
            if not isinstance(members, list) or value not in members:
                yield f"grant-{name}"
        yield from self._among_the_standing(control)

    def _borrowed(
        self, grant: Mapping[str, Json], time: int, control: Mapping[str, Json]
    ) -> Iterator[str]:
        """Whether the delegation that an answer names lent it this grant at this position."""
        found = self.things.get(("delegation", local(control.get("delegation"))))
        yield from delegation_faults(found, grant, time, control)
        lender = str(grant.get("department"))
        if not self._stands("department", lender):
            yield "department-suspended"

    def _among_the_standing(self, control: Mapping[str, Json]) -> Iterator[str]:
        """Whether all that an answer names stood at this position."""
        connector = control.get("connector")
        if connector is not None and not self._stands("connector", str(connector)):
            yield "connector-suspended"
        for kind_of, value, why in (
            ("department", local(control.get("department")), "department-suspended"),
            ("dataset", local(control.get("dataset")), "dataset-suspended"),
            ("purpose", str(control.get("purpose")), "purpose-ended"),
        ):
            if not self._stands(kind_of, value):
                yield why

    def _stands(self, kind: str, name: str) -> bool:
        return self.things.get((kind, name), {}).get("status") == "active"


def _follows(
    kind: str, before: Mapping[str, Json] | None, state: Mapping[str, Json]
) -> Iterator[str]:
    """Whether a thing's new state may come after the one before it."""
    if kind == "delegation":
        yield from delegation_order(before, state)


def _looks_otherwise(before: Mapping[str, Json] | None, state: Mapping[str, Json]) -> bool:
    return before is None or any(before.get(name) != state.get(name) for name in SHOWN)


def _lost_to(kept: int, note: Json) -> int | None:
    """The end of what a restore lost, by the checkpoint that it bound; None if it bound none."""
    size = note.split("\n")[1:2] if isinstance(note, str) else []
    return max(kept, int(size[0])) if size and size[0].isascii() and size[0].isdigit() else None


def _number(origin: str) -> int:
    """The number of an origin, ``<hub>/ledger/<n>``; 1 for what is none."""
    digits = origin.rpartition("/")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else 1
