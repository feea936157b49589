"""Deciding a case on what is on file now, and recording it before anything has changed.

    1 plan      the services and rules that are in force                     -> InForce
    2 ask       in rounds, under grants, each answer an entry                -> Rounds
    3 decide    the first way that is satisfied, of each material            -> Decision
    4 record    under the lock, if the epoch is still that of every answer   -> the caller's entry

So no entry of a case rests on an answer that was given before something was revoked, disputed or
repaired: if the epoch has moved, all is asked again, three times, then ``Busy``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from catalog.evidence.decision import Decision, Piece
from catalog.evidence.engine import Circumstances, settle
from catalog.evidence.holding import Need
from catalog.services.service import Service
from certs.canonical import Json
from certs.encoding import from_rfc3339
from hub.cases.acting import footings, require_officer
from hub.cases.asked import Asked, require_fit, services_of
from hub.cases.desk import Desk, Handler
from hub.cases.rounds import Round, Rounds
from hub.cases.shelf import InForce
from hub.cases.state import CommitmentIn, MaterialIn, RulesIn, ServiceIn
from hub.errors import Busy
from hub.ledger.change import Change
from hub.lookup.exchange import ROUNDS
from hub.lookup.identify import still_stands

Brought = Mapping[tuple[str, str], str]
"""What was handed in during a case, by service and material."""
_T = TypeVar("_T")


class EpochMoved(Busy):
    """What stood when the first round was asked stands no longer: ask again. Never told."""


class Decided(NamedTuple):
    """A decision and all that it rests on; ``begin`` is the number of its first round."""

    decision: Decision
    in_force: InForce
    request: str
    begin: int
    rounds: Sequence[Round]
    positions: Mapping[Need, int]

    @property
    def spans(self) -> tuple[tuple[int, int, int], ...]:
        """Number, first position and count of each round."""
        return tuple(
            (self.begin + place, one.first, one.count) for place, one in enumerate(self.rounds)
        )

    def services(self) -> tuple[ServiceIn, ...]:
        """As entries name them."""
        return tuple(
            ServiceIn(service=one.code, version=one.version, department=one.department)
            for one in self.decision.services
        )

    def rules(self) -> tuple[RulesIn, ...]:
        """As entries name them."""
        return tuple(
            RulesIn(set=code, version=version, definition=self.in_force.definitions[code])
            for code, version in self.decision.rules
        )


def decide_and(
    desk: Desk,
    handler: Handler,
    asked: Asked,
    record: Callable[[Change, Decided], _T],
) -> _T:
    """Decide, and let ``record`` enter it under the lock.

    Raises ``NotFound`` for services that are not the handler's, ``Unprocessable`` for what does not
    fit them, ``Busy``, and what joint questions and ``record`` raise.
    """
    begin = 0
    for _ in range(ROUNDS):
        # 1 plan
        in_force = desk.shelf.current()
        services = services_of(asked.services, in_force)
        stands_on = footings(desk.reading, services, handler.caller, desk.clock(), asked.purpose)
        require_fit(asked, services)
        rounds = Rounds(
            desk.joint,
            desk.receipts,
            desk.book,
            desk.clock,
            handler.caller,
            stands_on,
            asked,
            in_force,
            begin,
        )
        try:
            decided = _decided(desk, handler, asked, services, rounds, begin)
            # 4 record
            with desk.changes.change(handler.actor, moves_epoch=False) as change:
                # It never runs backwards: now as before the first round means in between too.
                if change.epoch != in_force.epoch:
                    raise EpochMoved
                return record(change, decided)
        except EpochMoved:
            begin = rounds.used
            standing = desk.book.refresh()
            still_stands(handler.caller, standing, desk.clock())
            require_officer(handler.caller, handler.officer, standing)
    raise Busy


def _decided(
    desk: Desk,
    handler: Handler,
    asked: Asked,
    services: Sequence[Service],
    rounds: Rounds,
    begin: int,
) -> Decided:
    now, in_force = desk.clock(), rounds.in_force
    circumstances = Circumstances(
        given=asked.given,
        parties=asked.present,
        may_commit=desk.may_commit(desk.applicant(asked), now),
        calendar=desk.calendar,
    )
    # 2 ask, 3 decide
    decision = settle(services, in_force.rules, rounds.fetch, now, circumstances)
    request = handler.caller.request
    return Decided(decision, in_force, request, begin, rounds.rounds, rounds.positions)


def materials_of(
    decided: Decided, brought: Brought, filed_since: Callable[[str], bool]
) -> tuple[MaterialIn, ...]:
    """The materials as entries tell them.

    ``filed_since`` says of a material on file whether it came for this case: then the applicant
    has brought it, whatever finds it now.
    """
    pieces = sorted(
        decided.decision.pieces(), key=lambda one: (one.service.code, one.material.code)
    )
    return tuple(_material(piece, decided, brought, filed_since) for piece in pieces)


def _material(
    piece: Piece, decided: Decided, brought: Brought, filed_since: Callable[[str], bool]
) -> MaterialIn:
    evidence, follow = piece.evidence, piece.follow
    held = evidence.reference if evidence is not None and evidence.kind == "material" else None
    handed = brought.get((piece.service.code, piece.material.code))
    if handed is None and held is not None and not piece.optional and filed_since(held):
        handed = held
    kind = evidence.kind if evidence is not None else follow.kind if follow is not None else ""
    return MaterialIn(
        service=piece.service.code,
        material=piece.material.code,
        type=piece.material.type,
        of=piece.material.of,
        optional=piece.optional,
        status=piece.status,
        reason=piece.why.code,
        rule=piece.rule,
        rule_version=piece.rule_version,
        way=piece.way,
        kind=kind,
        entries=_entries(piece, decided),
        held=held,
        brought=handed,
        until=follow.due.isoformat() if follow is not None else None,
    )


def _entries(piece: Piece, decided: Decided) -> tuple[int, ...]:
    """The positions of the answers that a piece rests on."""
    evidence = piece.evidence
    if evidence is None:
        return ()
    said = evidence.reference.partition("/")[0]
    return tuple(
        position
        for need, position in decided.positions.items()
        if need.department == piece.service.department
        and (need.kind, need.source, need.about) == (evidence.kind, evidence.source, evidence.about)
        # Several verifications may ask one dataset about one party; a material has its own name.
        and (need.kind == "material" or str(position) == said)
    )


class Fallen(NamedTuple):
    """A material that was satisfied and is no longer, and why."""

    before: MaterialIn
    now: MaterialIn

    def told(self) -> dict[str, Json]:
        """As it is told."""
        return {
            "before": self.before.status,
            "material": self.now.material,
            "reason": self.now.reason,
            "service": self.now.service,
            "status": self.now.status,
        }


def fallen(before: Sequence[MaterialIn], now: Sequence[MaterialIn]) -> list[Fallen]:
    """What evidence has fallen away between two decisions."""
    known = {one.name: one for one in before}
    return [
        Fallen(known[one.name], one)
        for one in now
        if one.name in known and known[one.name].satisfied and not one.satisfied
    ]


def lacking(
    materials: Sequence[MaterialIn],
    commitments: Sequence[CommitmentIn],
    usable: Callable[[str], bool],
    now: int,
) -> list[MaterialIn]:
    """What is missing before a case can be accepted.

    ``usable`` says of what was brought whether it still stands on file. A promise that is open
    counts while the rules let it be given, and what was to follow by a day until that is over.
    """
    given = {(one.service, one.material): one for one in commitments}
    return [
        one
        for one in materials
        if not (one.satisfied or one.optional or _promised(one, given.get(one.name), now))
        and not (one.brought is not None and usable(one.brought))
    ]


def _promised(material: MaterialIn, given: CommitmentIn | None, now: int) -> bool:
    if given is None:
        return False
    if given.status != "open":
        return given.status in {"fulfilled", "checked"}
    late = given.kind == "later" and from_rfc3339(given.due) <= now
    return material.status == "may_follow" and not late
