"""The acts of a case: supplement, review, bring, conclude, withdraw, read.

Each names the version that the officer saw. Whatever asks anew asks all of it anew: a case is not
concluded on evidence that no longer stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from certs.encoding import from_rfc3339, rfc3339
from hub.cases.acting import require_officer
from hub.cases.asked import Asked, PartyId
from hub.cases.deciding import (
    Decided,
    Fallen,
    decide_and,
    fallen,
    lacking,
    materials_of,
)
from hub.cases.desk import Desk, Handler
from hub.cases.finding import material_dataset
from hub.cases.kept import Kept, enter, find, find_unlocked, require_version, write
from hub.cases.opening import Opened, content_of, read_again, told
from hub.cases.papers import Papers
from hub.cases.state import (
    ON_PAPER,
    Act,
    CaseState,
    CommitmentIn,
    MaterialIn,
    Result,
)
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Change
from hub.storage.materials_tables import MaterialRow
from hub.storage.tables import DatasetRow


class Reviewed(NamedTuple):
    """A case decided anew: what has fallen away since, and what it lacks to be accepted."""

    opened: Opened
    fallen: Sequence[Fallen]
    lacking: Sequence[MaterialIn]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How a case ends, and why; the reason is sealed."""

    result: Result
    reason: str


def review(desk: Desk, handler: Handler, case: str, version: int) -> Reviewed:
    """Decide an open case anew, on what is on file now.

    Raises ``NotFound``, ``Forbidden``, ``Conflict``, and what joint questions raise.
    """
    asked = _asked(desk, handler, case, version)
    return _anew(desk, handler, case, version, asked, "review", None)


def supplement(
    desk: Desk,
    handler: Handler,
    case: str,
    version: int,
    parties: Mapping[str, PartyId | None],
    given: Mapping[str, str],
) -> Reviewed:
    """Add or replace parties and fields, and decide anew; an empty field is taken out.

    Raises as ``review`` does, ``Unprocessable`` for what does not fit, and ``Conflict`` where a
    party would be exchanged for whom something was brought or promised.
    """
    kept = _open(desk, handler, case, version)
    before = kept.content.asked._replace(officer=handler.officer)
    _require_unbound(kept, parties)
    entered = {code: said for code, said in {**before.given, **given}.items() if said}
    asked = before._replace(parties={**before.parties, **parties}, given=entered)
    return _anew(desk, handler, case, version, asked, "supplement", None)


def conclude(
    desk: Desk, handler: Handler, case: str, version: int, conclusion: Conclusion
) -> Reviewed:
    """Decide anew, then end the case; it stays open if it cannot be accepted.

    Then what has fallen away and what is lacking say why. Raises as ``review`` does.
    """
    asked = _asked(desk, handler, case, version)
    return _anew(desk, handler, case, version, asked, "conclude", conclusion)


def withdraw(desk: Desk, handler: Handler, case: str, version: int) -> Opened:
    """End an open case that the applicant takes back; what was promised in it lapses."""
    _open(desk, handler, case, version)
    with desk.changes.change(handler.actor, moves_epoch=False) as change:
        kept = standing(desk, change, handler, case, version)
        update = {"status": "withdrawn", "commitments": _lapsed(kept.state, change.time)}
        return acted(change, kept, "withdraw", update)


def bring(
    desk: Desk,
    handler: Handler,
    case: str,
    version: int,
    required: tuple[str, str],
    material: str | None,
) -> Opened:
    """Say of a required material (service, code) that the applicant has handed it in.

    ``material`` is what it was filed as; None only where its type cannot be filed. Also after the
    case was concluded, for what was to follow. Raises ``NotFound``, ``Conflict``.
    """
    require_officer(handler.caller, handler.officer, desk.book.refresh())
    with desk.changes.change(handler.actor, moves_epoch=False) as change:
        kept = find(change.session, desk.master, case, handler.caller.department)
        require_version(kept, version)
        wanted = kept.state.by_name.get(required)
        if wanted is None:
            raise NotFound(what="required-material")
        follows = any(
            (one.service, one.material) == required and one.status == "open"
            for one in kept.state.commitments
        )
        if kept.state.status != "open" and not follows:
            raise Conflict(why=f"case-{kept.state.status}")
        if wanted.satisfied or wanted.brought is not None:
            raise Conflict(why="material-satisfied")
        name = _filed(desk, change, kept, wanted, material)
        materials = tuple(
            one.model_copy(update={"brought": name}) if one.name == required else one
            for one in kept.state.materials
        )
        return acted(change, kept, "brought", {"materials": materials})


def read(desk: Desk, handler: Handler, case: str) -> Opened:
    """The content of a case for an officer of its department; reading it is an entry.

    Raises ``NotFound`` or ``Forbidden``.
    """
    require_officer(handler.caller, handler.officer, desk.book.refresh())
    return read_again(desk, handler, case)


def _anew(
    desk: Desk,
    handler: Handler,
    case: str,
    version: int,
    asked: Asked,
    act: Act,
    conclusion: Conclusion | None,
) -> Reviewed:
    def record(change: Change, decided: Decided) -> Reviewed:
        kept = standing(desk, change, handler, case, version)
        return _decided_anew(desk, change, handler, kept, asked, decided, act, conclusion)

    return decide_and(desk, handler, asked, record)


def _decided_anew(
    desk: Desk,
    change: Change,
    handler: Handler,
    kept: Kept,
    asked: Asked,
    decided: Decided,
    act: Act,
    conclusion: Conclusion | None,
) -> Reviewed:
    before = kept.state
    handed = {one.name: one.brought for one in before.materials if one.brought is not None}
    papers = Papers(desk, change, asked, before.department)
    came_since = papers.came_since(from_rfc3339(before.opened))
    materials = materials_of(decided, handed, came_since)
    gone = fallen(before.materials, materials)
    missing = lacking(materials, before.commitments, papers.usable, change.time)
    ends = conclusion is not None and (conclusion.result == "refused" or not missing)
    content = content_of(asked, handler, decided)
    update: dict[str, object] = {
        "act": act if ends or conclusion is None else "review",
        "version": before.version + 1,
        "day": decided.decision.day.isoformat(),
        "R": decided.request,
        "rounds": decided.spans,
        "services": decided.services(),
        "rules": decided.rules(),
        "digest": decided.decision.digest,
        "materials": (*materials, *_dropped(before, materials)),
    }
    kept.row.applicant = desk.applicant(asked)
    if conclusion is not None and ends:
        content = content._replace(reason=conclusion.reason)
        update |= {"status": "concluded", "result": conclusion.result}
        if conclusion.result == "refused":
            update["commitments"] = _lapsed(before, change.time)
    state = before.model_copy(update=update)
    written, position = write(change, kept.row, state, content, desk.master)
    opened = Opened(written, content, position, told(decided.rounds))
    return Reviewed(opened, gone, missing)


def _asked(desk: Desk, handler: Handler, case: str, version: int) -> Asked:
    """What an open case is decided on, asked now in the name of the officer who acts."""
    asked = _open(desk, handler, case, version).content.asked
    return asked._replace(officer=handler.officer)


def _open(desk: Desk, handler: Handler, case: str, version: int) -> Kept:
    """An open case in the version that the officer saw, before anything is asked for it."""
    require_officer(handler.caller, handler.officer, desk.book.refresh())
    kept = find_unlocked(desk.reading, desk.master, case, handler.caller.department)
    return _require_open(kept, version)


def standing(desk: Desk, change: Change, handler: Handler, case: str, version: int) -> Kept:
    """An open case in the version that the officer saw; raises ``NotFound``, ``Conflict``."""
    kept = find(change.session, desk.master, case, handler.caller.department)
    return _require_open(kept, version)


def _require_open(kept: Kept, version: int) -> Kept:
    require_version(kept, version)
    if kept.state.status != "open":
        raise Conflict(why=f"case-{kept.state.status}")
    return kept


def acted(change: Change, kept: Kept, act: Act, update: Mapping[str, object]) -> Opened:
    """An act that asks nothing: the content stays what it was."""
    version = kept.state.version + 1
    state = kept.state.model_copy(update={**update, "act": act, "version": version})
    position = enter(change, kept.row, state, kept.content.asked)
    return Opened(state, kept.content, position, kept.content.rounds)


def _require_unbound(kept: Kept, parties: Mapping[str, PartyId | None]) -> None:
    """Raise ``Conflict`` where papers or promises of one party would become another's."""
    before = kept.content.asked.parties
    exchanged = any(
        (old := before.get(role)) is not None and (new is None or new.normal != old.normal)
        for role, new in parties.items()
    )
    bound = any(one.brought is not None for one in kept.state.materials)
    if exchanged and (bound or kept.state.commitments):
        raise Conflict(why="party-bound")


def _dropped(before: CaseState, materials: Sequence[MaterialIn]) -> tuple[MaterialIn, ...]:
    """What was brought for a list that no longer asks for it: it was brought all the same."""
    listed = {one.name for one in materials}
    update = {"status": "must_bring", "reason": "no-rule", "rule": "", "rule_version": 0, "way": 0}
    nothing = {"kind": "", "entries": (), "held": None, "until": None}
    return tuple(
        one.model_copy(update={**update, **nothing})
        for one in before.materials
        if one.brought is not None and one.name not in listed
    )


def _lapsed(state: CaseState, time: int) -> tuple[CommitmentIn, ...]:
    return tuple(
        one.model_copy(update={"status": "lapsed", "settled": rfc3339(time)})
        if one.status == "open"
        else one
        for one in state.commitments
    )


def _filed(desk: Desk, change: Change, kept: Kept, wanted: MaterialIn, material: str | None) -> str:
    """What is written down of what was handed in; raises ``NotFound`` or ``Unprocessable``."""
    dataset = material_dataset(wanted.type)
    if material is None:
        if change.session.get(DatasetRow, dataset) is not None:
            raise Unprocessable(why="to-be-filed")
        return ON_PAPER
    row = change.session.get(MaterialRow, material)
    asked = kept.content.asked
    # Whoever has no number yet has papers under the applicant's.
    party = asked.parties.get(wanted.of) or asked.parties["applicant"]
    papers = Papers(desk, change, asked, kept.state.department)
    if row is None or party is None or row.dataset != dataset:
        raise NotFound(what="material")
    if not papers.sound(material, party, received_here=True):
        raise NotFound(what="material")
    return row.id
