"""Whether a case as it was told is ours, as we left it, and rests on what was answered to us.

    1 read     the members of the answer, strictly                          -> CaseTold
    2 ours     the case, department, services and version that we acted on
    3 rounds   each under a receipt about a request of ours                 -> Rounds
    4 fresh    of this very request where it decides; else of our newest decision
    5 rests    materials, notice and form on entries of those rounds
    6 done     what we did stands in it

Left to the caller: keeping the receipts before anything is shown, and asking the ledger later for
the proofs that they promise. A case that another connector or the console decided last has no
rounds for us: it is told as not proven (``rounds`` None), and nothing in it may be taken for more.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from catalog.evidence.engine import day_of
from certs.canonical import Json, parse
from certs.signatures import SKEW
from connectors.cases.answer import RESTING, SATISFIED, CaseTold, Result
from connectors.cases.rests import check_rests
from connectors.cases.rounds import Basis, KeptOpenings, Keys, Rounds, check_rounds
from connectors.errors import AnswerRefused, HubUnintelligible
from connectors.several.verify import MAX_SEVERAL
from connectors.transport import Response
from connectors.verify import Trust, refusing

_DEPTH = 16


class CheckedCase(NamedTuple):
    """A case that stands; without ``rounds`` nothing in it is proven to us."""

    told: CaseTold
    document: Json
    rounds: Rounds | None


class Expected(NamedTuple):
    """What the answer to one request must be.

    ``case`` None: it is new. ``version`` is the one that it must have, None where it may only be
    ``at_least``. ``bases`` are all requests of ours by which it may have been decided, ``these``
    the identities of which it must be one. ``decides``: what rests on nothing must be nothing.
    """

    case: str | None
    version: int | None
    at_least: int
    services: tuple[str, ...] | None
    bases: Sequence[Basis]
    these: Collection[str]
    decides: bool
    done: Callable[[CaseTold], bool]


def check_case(
    expected: Expected,
    response: Response,
    *,
    keys: Keys,
    kept: KeptOpenings,
    trust: Trust,
    now: int,
) -> CheckedCase:
    """The case, if every check holds; ``now`` is in milliseconds.

    Raises ``AnswerRefused``; fact ``why`` names the check.
    """
    with refusing():
        # 1 read
        document = parse(response.body, max_bytes=MAX_SEVERAL, max_depth=_DEPTH)
        told, listed = _read(document)
        # 2 ours
        _check_ours(told, expected, trust)
        # 3 rounds
        rounds = check_rounds(listed, expected.bases, keys=keys, kept=kept, trust=trust, now=now)
        # 4 fresh
        _check_fresh(told, rounds, expected)
        # 5 rests
        if rounds is not None:
            check_rests(told, rounds.basis.said, rounds.entries)
        elif expected.decides or (expected.bases and told.version == expected.at_least):
            # Whoever else decides it gives it another version: this is our own decision.
            _check_rests_on_nothing(told)
        # 6 done
        if not expected.done(told):
            raise AnswerRefused(why="act")
    return CheckedCase(told, document, rounds)


def _read(document: Json) -> tuple[CaseTold, Sequence[Json]]:
    rounds = document.get("rounds") if isinstance(document, dict) else None
    if not isinstance(rounds, list):
        raise AnswerRefused(why="rounds")
    try:
        return CaseTold.model_validate(document), rounds
    except ValidationError as error:
        raise HubUnintelligible(why="form") from error


def _check_ours(told: CaseTold, expected: Expected, trust: Trust) -> None:
    if expected.case is not None and told.case != expected.case:
        raise AnswerRefused(why="case")
    if trust.full(told.department) != trust.department:
        raise AnswerRefused(why="case-department")
    services = tuple(sorted(one.service for one in told.services))
    if expected.services is not None and services != expected.services:
        raise AnswerRefused(why="services")
    if not {one.service for one in told.materials} <= set(services):
        raise AnswerRefused(why="services")
    if expected.version not in (None, told.version):
        raise AnswerRefused(why="version")
    if told.version < expected.at_least:
        raise AnswerRefused(why="older")


def _check_fresh(told: CaseTold, rounds: Rounds | None, expected: Expected) -> None:
    if rounds is None:
        return
    if rounds.basis.request_id not in expected.these:
        raise AnswerRefused(why="older")
    # The case was entered behind the answers that it rests on, and decided as they were given.
    if told.entry is not None and told.entry < rounds.end:
        raise AnswerRefused(why="entry")
    first = rounds.basis.created * 1000 - SKEW * 1000
    last = rounds.rounds[-1].several.opened[-1].leaf.time
    if not day_of(first).isoformat() <= told.day <= day_of(last).isoformat():
        raise AnswerRefused(why="day")


def _check_rests_on_nothing(told: CaseTold) -> None:
    """A decision without a single answer confirms nothing and fills nothing in."""
    resting = any(one.status in RESTING or one.entries for one in told.materials)
    shown = any(one.evidence is not None for paper in told.notice.papers() for one in paper.pieces)
    filled = any(one.value is not None or one.same or one.others for one in told.form)
    if resting or shown or filled:
        raise AnswerRefused(why="rests-on-nothing")


def concluded_as(told: CaseTold, result: Result) -> bool:
    """Whether a case ended as we said, or stays open for what it lacks, and for all of that.

    What was brought may have been withdrawn since: that alone may be lacking beside.
    """
    named = {(one.service, one.material) for one in told.lacking}
    by_name = told.by_name
    if not all(name in by_name and by_name[name].status not in SATISFIED for name in named):
        return False
    if told.status == "concluded":
        return told.result == result and (result == "refused" or not lacks(told))
    return told.status == "open" and result == "accepted" and bool(named) and lacks(told) <= named


def lacks(told: CaseTold) -> set[tuple[str, str]]:
    """What must be missing for a case to be accepted: neither there, brought, nor promised."""
    promised = {
        (one.service, one.material)
        for one in told.commitments
        if one.status in {"open", "fulfilled", "checked"}
    }
    return {
        one.name
        for one in told.materials
        if one.status not in SATISFIED
        and not one.optional
        and one.brought is None
        and one.name not in promised
    }
