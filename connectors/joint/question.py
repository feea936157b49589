"""Joint questions as their signed body holds them (``docs/api.md``), built and never read."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u
from connectors.batch.question import Subject, person_of
from connectors.errors import QuestionRefused
from connectors.question import KEPT_LIMIT, REQUEST_ID_BYTES, Question, check_question

MOST_PARTS = 64
"""Questions of one request: what a hub takes at most (``docs/api.md``)."""
PATH = "/v1/joint"
PartOperation = Literal["lookup", "verify"]
"""What may be asked jointly: a file is viewed by itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """One question among several: ``items`` of a lookup, ``claims`` of a verification.

    ``delegation`` names that of another department under whose grants it is asked.
    """

    operation: PartOperation
    dataset: str
    purpose: str
    subject: Subject
    items: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)
    delegation: str | None = None

    def to_json(self) -> dict[str, Json]:
        """As the body holds it."""
        asked: dict[str, Json] = {
            "case": self.subject.case,
            "dataset": self.dataset,
            "operation": self.operation,
            "purpose": self.purpose,
            "subject": {"id": self.subject.id, "type": self.subject.type},
        }
        if self.delegation is not None:
            asked["delegation"] = self.delegation
        if self.operation == "lookup":
            return {**asked, "items": list(self.items)}
        return {**asked, "claims": dict(self.claims)}


@dataclass(frozen=True, slots=True)
class JointQuestion:
    """Several questions of one request; its ``repr`` tells nothing about a person."""

    request_id: str
    officer: str = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    operation: ClassVar[Literal["joint"]] = "joint"
    dataset: ClassVar[str] = ""
    """Each part has its own."""

    @property
    def path(self) -> str:
        """Where it is sent."""
        return PATH

    def body(self) -> bytes:
        """The canonical JSON that is signed."""
        return canonical(
            {
                "officer": self.officer,
                "parts": [part.to_json() for part in self.parts],
                "request_id": self.request_id,
            }
        )

    def person(self, place: int) -> Json:
        """The *person* part of the entry that an honest hub makes of one part."""
        return person_of(self.parts[place].subject, self.officer)


def joint(parts: Sequence[Part], *, officer: str, request_id: str | None = None) -> JointQuestion:
    """1 to 64 questions of one request; raises ``QuestionRefused``.

    ``request_id`` is that of an earlier try with the same content; without it a new one is drawn.
    """
    question = JointQuestion(
        request_id=request_id or b64u(os.urandom(REQUEST_ID_BYTES)),
        officer=officer,
        parts=tuple(parts),
    )
    if not 0 < len(question.parts) <= MOST_PARTS:
        raise QuestionRefused(why="parts")
    for part in question.parts:
        check_question(
            Question(
                operation=part.operation,
                dataset=part.dataset,
                request_id=question.request_id,
                purpose=part.purpose,
                subject_type=part.subject.type,
                subject_id=part.subject.id,
                officer=officer,
                case=part.subject.case,
                items=part.items,
                claims=part.claims,
                delegation=part.delegation,
            )
        )
    return question


class _Subject(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: str
    id: str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    case: str | None
    dataset: str
    operation: PartOperation
    purpose: str
    subject: _Subject
    items: list[str] = Field(default_factory=list)
    claims: dict[str, str] = Field(default_factory=dict)
    delegation: str | None = None


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    request_id: str
    officer: str
    parts: list[_Part]


def kept_joint(body: bytes) -> JointQuestion:
    """A request of ours, read again from the body that was signed.

    Raises ``QuestionRefused`` if it is not what ``JointQuestion.body`` writes.
    """
    value = parse(body, max_bytes=KEPT_LIMIT, max_depth=5)
    try:
        found = _Kept.model_validate(value)
    except ValidationError as error:
        raise QuestionRefused(why="kept") from error
    question = JointQuestion(
        request_id=found.request_id,
        officer=found.officer,
        parts=tuple(
            Part(
                operation=one.operation,
                dataset=one.dataset,
                purpose=one.purpose,
                subject=Subject(one.subject.type, one.subject.id, one.case),
                items=tuple(one.items),
                claims=one.claims,
                delegation=one.delegation,
            )
            for one in found.parts
        ),
    )
    if question.body() != body:
        raise QuestionRefused(why="kept")
    return question
