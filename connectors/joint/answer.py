"""A verified answer to joint questions, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json
from connectors.batch.answer import Proof, Record
from connectors.errors import HubUnintelligible
from connectors.joint.question import JointQuestion, Part
from connectors.several.verify import Several


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """The answer to one part, whose entry in the ledger is ``entry``.

    ``problem`` is the code of what refused it, else None. ``match`` is None but for a
    verification; ``records`` are a lookup's. ``as_of`` (RFC 3339) says what it was answered from,
    None for a dataset that has not been published.
    """

    part: Part
    entry: int
    problem: str | None
    records: tuple[Record, ...]
    match: bool | None
    as_of: str | None


@dataclass(frozen=True, slots=True)
class JointAnswer:
    """A verified answer; ``parts`` in the order of the request, ``proof`` names the first entry."""

    parts: tuple[PartAnswer, ...]
    proof: Proof


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    disputed: bool
    items: dict[str, str]


class _Result(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    as_of: str | None = None
    match: bool | None = None
    problem: str | None = None
    records: list[_Record] = []


def joint_answer(checked: Several, question: JointQuestion) -> JointAnswer:
    """The answer as values; raises ``HubUnintelligible`` for an honest one of another form."""
    places = zip(question.parts, checked.results, strict=True)
    parts = tuple(
        _part(part, checked.entry + place, result) for place, (part, result) in enumerate(places)
    )
    proof = Proof(
        request_id=question.request_id,
        entry=checked.entry,
        time=checked.opened[0].leaf.time,
        token=checked.token,
        receipt=checked.receipt,
    )
    return JointAnswer(parts, proof)


def _part(part: Part, entry: int, result: Mapping[str, Json]) -> PartAnswer:
    try:
        read = _Result.model_validate(result)
    except ValidationError as error:
        raise HubUnintelligible(why="result") from error
    return PartAnswer(
        part=part,
        entry=entry,
        problem=read.problem,
        records=tuple(Record(one.items, one.disputed) for one in read.records),
        match=read.match,
        as_of=read.as_of,
    )
