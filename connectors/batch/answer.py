"""A verified answer to a batch, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json
from certs.receipts import Receipt
from connectors.batch.question import BatchQuestion
from connectors.batch.verify import UNFIT
from connectors.errors import HubUnintelligible
from connectors.several.verify import Several


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an answer: values by item, masked as the grant says; absent ones are left out.

    ``disputed``: somebody has objected to it and the objection is not settled.
    """

    items: Mapping[str, str] = field(repr=False)
    disputed: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """What an answer rests on: its question, its receipt and its index in the ledger."""

    request_id: str
    entry: int
    time: int
    token: str = field(repr=False)
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class SubjectAnswer:
    """The answer about one subject, whose entry in the ledger is ``entry``.

    ``problem`` is not None if its identifier cannot be one, and ``why`` then says what is wrong.
    """

    entry: int
    found: bool
    records: tuple[Record, ...]
    problem: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """A verified answer to a batch; ``subjects`` are in the order of the question.

    ``as_of`` (RFC 3339), ``generation`` and ``version`` say what was answered from; None if no
    subject could be asked for. ``proof`` names the first entry; the others stand behind it.
    """

    dataset: str
    as_of: str | None
    generation: str | None
    version: int | None
    subjects: tuple[SubjectAnswer, ...]
    proof: Proof


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    disputed: bool
    items: dict[str, str]


class _Source(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    as_of: str | None
    generation: str | None
    version: int


class _Result(_Source):
    found: bool
    records: list[_Record]


def batch_answer(checked: Several, question: BatchQuestion) -> BatchAnswer:
    """The answer as values; raises ``HubUnintelligible`` for an honest one of another form."""
    subjects: list[SubjectAnswer] = []
    source: _Source | None = None
    for place, (result, opened) in enumerate(zip(checked.results, checked.opened, strict=True)):
        entry = checked.entry + place
        if opened.control.outcome == UNFIT:
            subjects.append(
                SubjectAnswer(
                    entry,
                    found=False,
                    records=(),
                    problem=_text(result, "problem"),
                    why=_text(result, "why"),
                )
            )
            continue
        try:
            read = _Result.model_validate(result)
        except ValidationError as error:
            raise HubUnintelligible(why="result") from error
        source = source or read
        records = tuple(Record(one.items, one.disputed) for one in read.records)
        subjects.append(SubjectAnswer(entry, read.found, records))
    return BatchAnswer(
        dataset=question.dataset,
        as_of=None if source is None else source.as_of,
        generation=None if source is None else source.generation,
        version=None if source is None else source.version,
        subjects=tuple(subjects),
        proof=Proof(
            request_id=question.request_id,
            entry=checked.entry,
            time=checked.opened[0].leaf.time,
            token=checked.token,
            receipt=checked.receipt,
        ),
    )


def _text(result: Mapping[str, Json], name: str) -> str | None:
    value = result.get(name)
    return value if isinstance(value, str) else None
