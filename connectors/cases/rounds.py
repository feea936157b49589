"""Whether the rounds of a case's answer are the questions that a request of ours stands for.

Each round is joint questions under one receipt, checked as those are (``connectors/joint``), but
for two things. What was asked the answer itself says: rules choose it. And its R is derived: of
round 0 that of our signed request, of round n > 0 R_n (``certs/signatures.py``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from certs.canonical import Json, canonical
from certs.signatures import round_request
from connectors.batch.question import Subject
from connectors.cases.question import Said
from connectors.errors import AnswerRefused
from connectors.joint.question import JointQuestion, Part, PartOperation
from connectors.joint.verify import AskedJoint, check_parts
from connectors.jwks import ReceiptKey
from connectors.openings import Control
from connectors.several.verify import Several, arrived
from connectors.transport import JSON_TYPE, Response
from connectors.verify import OK, Trust

MOST_ROUNDS = 1000
"""Rounds of one request, those of decisions that came to nothing among them."""


class Basis(NamedTuple):
    """A request of ours by which a case may have been decided: one attempt at it, R ``request``.

    ``said`` is what the case was decided on then, ``created`` when it was signed (s).
    """

    request_id: str
    target: str
    request: str
    created: int
    officer: str
    said: Said


class RoundMade(NamedTuple):
    """A round as its receipt is about it: derived from a request, and as old as that."""

    digest: str
    created: int


class Asked(BaseModel):
    """A question of a round, in the words of the case: parties by role, claims by field."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    about: str
    dataset: str
    delegation: str | None
    department: str
    operation: PartOperation
    items: tuple[str, ...] = Field(default=(), strict=False)
    claims: dict[str, str] = {}


class Answered(NamedTuple):
    """One entry: what was asked, and what was answered."""

    asked: Asked
    result: Mapping[str, Json]
    control: Control


class CheckedRound(NamedTuple):
    """A round that stands; ``number`` counts from the request that it is derived of."""

    number: int
    questions: tuple[Asked, ...]
    several: Several


class Rounds(NamedTuple):
    """The rounds of one decision, and the request of ours that they are of."""

    basis: Basis
    rounds: tuple[CheckedRound, ...]

    @property
    def entries(self) -> dict[int, Answered]:
        """What was answered, by position."""
        return {
            one.several.entry + place: Answered(asked, result, opened.control)
            for one in self.rounds
            for place, (asked, result, opened) in enumerate(
                zip(one.questions, one.several.results, one.several.opened, strict=True)
            )
        }

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The first and the last position of each round."""
        found = [(one.several.entry, len(one.several.opened)) for one in self.rounds]
        return tuple((first, first + count - 1) for first, count in found)

    @property
    def receipts(self) -> tuple[Mapping[str, Json], ...]:
        """The receipt of each round with the entries that it is about."""
        return tuple(
            {
                "count": len(one.several.opened),
                "entry": one.several.entry,
                "receipt": one.several.token,
            }
            for one in self.rounds
        )

    @property
    def end(self) -> int:
        """The position behind the last entry."""
        last = self.rounds[-1].several
        return last.entry + len(last.opened)


Keys = Callable[[str], Mapping[str, ReceiptKey]]
"""The hub's receipt keys, the one of a token among them."""
KeptOpenings = Callable[[str], Sequence[Json] | None]
"""The openings that we kept of an R; None if we have none."""


def check_rounds(
    told: Sequence[Json],
    bases: Sequence[Basis],
    *,
    keys: Keys,
    kept: KeptOpenings,
    trust: Trust,
    now: int,
) -> Rounds | None:
    """The rounds, if every check holds; None where there are none. ``now`` is in milliseconds.

    ``bases`` are the requests that they may be of. Raises ``AnswerRefused`` and what parts of
    answers raise: the caller is within ``refusing``.
    """
    if not told:
        return None
    # 1 They are of one request of ours, one behind the other: none is left out between two
    basis, begin = _basis(told[0], bases)
    checked: list[CheckedRound] = []
    for place, one in enumerate(told):
        number = begin + place
        made = RoundMade(round_request(basis.request, number), basis.created)
        checked.append(
            _check_round(one, made, number, basis, keys=keys, kept=kept, trust=trust, now=now)
        )
    # 2 So are their entries, and those of no two are the same
    for before, after in pairwise(checked):
        if after.several.entry < before.several.entry + len(before.several.opened):
            raise AnswerRefused(why="round-order")
    return Rounds(basis, tuple(checked))


def _basis(told: Json, bases: Sequence[Basis]) -> tuple[Basis, int]:
    """The request that a round is of, and its number there."""
    request = told.get("request") if isinstance(told, dict) else None
    for number in range(MOST_ROUNDS):
        for one in bases:
            if round_request(one.request, number) == request:
                return one, number
    raise AnswerRefused(why="request")


def _check_round(
    told: Json,
    made: RoundMade,
    number: int,
    basis: Basis,
    *,
    keys: Keys,
    kept: KeptOpenings,
    trust: Trust,
    now: int,
) -> CheckedRound:
    if not isinstance(told, dict):
        raise AnswerRefused(why="rounds")
    token, results, openings = (told.get(name) for name in ("receipt", "results", "openings"))
    if not isinstance(token, str):
        raise AnswerRefused(why="receipt-missing")
    if openings is None:
        # Whom the entries named is erased at the hub; what it opened to us then we still have.
        found = kept(made.digest)
        if found is None:
            raise AnswerRefused(why="openings")
        openings = [*found]
    body = canonical({"openings": openings, "results": results})
    response = Response(OK, {"content-type": JSON_TYPE}, body)
    # 3 Its receipt is this hub's, of this R, and binds results and openings: steps 1 to 5
    several = arrived(made, response, token=token, keys=keys(token), trust=trust)
    if (told.get("first"), told.get("count")) != (several.entry, len(several.opened)):
        raise AnswerRefused(why="count")
    # 4 What was asked is told for each entry, and is about somebody whom we named
    questions = _questions(told.get("questions"))
    if len(questions) != len(several.opened):
        raise AnswerRefused(why="questions")
    parts = tuple(_part(one, basis, trust) for one in questions)
    # 5 Each entry is of that, names that person and our officer, and binds its result: 6 to 10
    question = JointQuestion(basis.request_id, basis.officer, parts)
    check_parts(AskedJoint(question, made), several, trust, now)
    return CheckedRound(number, questions, several)


def _questions(told: Json) -> tuple[Asked, ...]:
    if not isinstance(told, list):
        raise AnswerRefused(why="questions")
    try:
        return tuple(Asked.model_validate(one) for one in told)
    except ValidationError as error:
        raise AnswerRefused(why="questions") from error


def _part(one: Asked, basis: Basis, trust: Trust) -> Part:
    """A question as we would have put it ourselves, about the party exactly as we sent it."""
    said = basis.said
    party = said.parties.get(one.about)
    if party is None:
        raise AnswerRefused(why="about")
    # Our own department's grants need no delegation; another's are not ours without one.
    own = trust.full(one.department) == trust.department
    if own != (one.delegation is None):
        raise AnswerRefused(why="delegation")
    verifies = one.operation == "verify"
    if verifies != bool(one.claims) or verifies == bool(one.items):
        raise AnswerRefused(why="questions")
    if not all(said.given.get(field) for field in one.claims.values()):
        raise AnswerRefused(why="claims")
    return Part(
        operation=one.operation,
        dataset=one.dataset,
        purpose=said.purpose,
        subject=Subject(party.type, party.id, said.number),
        items=one.items,
        claims={item: said.given[field] for item, field in one.claims.items()},
        delegation=one.delegation,
    )


def to_be_kept(round_: CheckedRound, basis: Basis) -> Several:
    """A round as it is kept: beside each opening stands whom its entry names.

    The signed request of an act does not name them, so evidence has to.
    """
    told: list[Mapping[str, Json]] = []
    for opening, asked in zip(round_.several.openings, round_.questions, strict=True):
        party = basis.said.parties[asked.about]
        subject = None if party is None else party.to_json()
        told.append({**opening, "case": basis.said.number, "subject": subject})
    return replace(round_.several, openings=told)


def as_opened(kept: Sequence[Json]) -> list[Json]:
    """Openings as they were told, from what ``to_be_kept`` made of them."""
    beside = {"case", "subject"}
    return [
        {name: part for name, part in one.items() if name not in beside}
        for one in kept
        if isinstance(one, dict)
    ]
