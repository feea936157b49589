"""Answers as callers get them: what stands in a verified result, and what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from certs.canonical import Json
from connectors.batch.answer import Proof, Record
from connectors.errors import HubUnintelligible
from connectors.question import Question
from connectors.verify import Checked

__all__ = [
    "Answer",
    "LicenceFile",
    "Material",
    "Proof",
    "Record",
    "Verification",
    "View",
    "read_answer",
    "read_verification",
    "read_view",
]
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer to a lookup; ``as_of`` is when the data was published (RFC 3339).

    It is None, and so is ``generation``, for a dataset that has not been published yet.
    """

    dataset: str
    found: bool
    records: tuple[Record, ...]
    as_of: str | None
    generation: str | None
    version: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class Verification:
    """A verified answer to a verification; ``exists`` is None unless the grant tells it."""

    dataset: str
    match: bool
    exists: bool | None
    as_of: str | None
    generation: str | None
    version: int
    proof: Proof


class Material(BaseModel):
    """What a view tells of a file: how long it is and its digest, by which it is known."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    material_no: str
    media_type: str
    size: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    thumbnail_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None
    disputed: bool
    expired: bool


class LicenceFile(BaseModel):
    """What a view tells of the file of a licence: how long it is and its digest."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    identifier: str
    language: str
    media_type: str
    size: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    disputed: bool


@dataclass(frozen=True, slots=True)
class View:
    """A verified answer to a view; ``material`` is None if the subject has none of that number.

    Of a view of a licence ``licence`` is its file, or None if the subject has none of that
    identifier or it is not in force: then ``status`` says how it stands, if the grant gives that.
    ``result`` is A as it came: by it the hub gives the file's pieces.
    """

    dataset: str
    material: Material | None
    result: Mapping[str, Json]
    proof: Proof
    licence: LicenceFile | None = None
    status: str | None = None

    @property
    def file(self) -> Material | LicenceFile | None:
        """The file that may be fetched, whatever it is of."""
        return self.material or self.licence


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    disputed: bool
    items: dict[str, str]


class _Result(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    as_of: str | None
    dataset: str
    generation: str | None
    version: int


class _Lookup(_Result):
    found: bool
    records: list[_Record]


class _Verification(_Result):
    match: bool
    exists: bool | None = None


class _View(_Result):
    found: bool
    material: Material | None = None
    licence: LicenceFile | None = None
    status: str | None = None


def read_answer(checked: Checked, question: Question) -> Answer:
    """A verified lookup as callers get it; raises ``HubUnintelligible``."""
    result = _read_result(checked, _Lookup)
    return Answer(
        dataset=result.dataset,
        found=result.found,
        records=tuple(Record(one.items, one.disputed) for one in result.records),
        as_of=result.as_of,
        generation=result.generation,
        version=result.version,
        proof=_proof(checked, question),
    )


def read_verification(checked: Checked, question: Question) -> Verification:
    """A verified verification as callers get it; raises ``HubUnintelligible``."""
    result = _read_result(checked, _Verification)
    return Verification(
        dataset=result.dataset,
        match=result.match,
        exists=result.exists,
        as_of=result.as_of,
        generation=result.generation,
        version=result.version,
        proof=_proof(checked, question),
    )


def read_view(checked: Checked, question: Question) -> View:
    """A verified view as callers get it; raises ``HubUnintelligible``."""
    result = _read_result(checked, _View)
    return View(
        dataset=result.dataset,
        material=result.material,
        result=checked.result,
        proof=_proof(checked, question),
        licence=result.licence,
        status=result.status,
    )


def _read_result(checked: Checked, model: type[_Model]) -> _Model:
    """A verified result as ``model``; an honest one of another form is not understood."""
    try:
        return model.model_validate(checked.result)
    except ValidationError as error:
        raise HubUnintelligible(why="result") from error


def _proof(checked: Checked, question: Question) -> Proof:
    return Proof(
        request_id=question.request_id,
        entry=checked.entry,
        time=checked.opened.leaf.time,
        token=checked.token,
        receipt=checked.receipt,
    )
