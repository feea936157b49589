"""A batch as its signed body holds it (``protocol.md``, *Question*), built and never read."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u
from certs.errors import MalformedJson
from connectors.errors import QuestionRefused
from connectors.question import (
    ITEMS_LIMIT,
    KEPT_LIMIT,
    REQUEST_ID_BYTES,
    check_delegation,
    is_code,
    is_request_id,
    is_text,
)

MOST_SUBJECTS = 1000
"""Subjects of one request: what a hub takes at most (``docs/api.md``)."""


class Subject(NamedTuple):
    """Whom a batch asks about, with the case number that it belongs to."""

    type: str
    id: str
    case: str | None = None

    def __repr__(self) -> str:
        """Nothing about a person."""
        return f"<Subject {self.type}>"


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """One question about many subjects; its ``repr`` tells nothing about a person.

    ``delegation`` names that of another department under whose grants it is asked.
    """

    dataset: str
    request_id: str
    purpose: str
    officer: str = field(repr=False)
    items: tuple[str, ...]
    subjects: tuple[Subject, ...] = field(repr=False)
    delegation: str | None = None
    operation: ClassVar[Literal["batch"]] = "batch"

    @property
    def path(self) -> str:
        """Where it is sent."""
        return f"/v1/datasets/{self.dataset}/batch"

    def body(self) -> bytes:
        """The canonical JSON that is signed."""
        value: dict[str, Json] = {
            "items": list(self.items),
            "officer": self.officer,
            "purpose": self.purpose,
            "request_id": self.request_id,
            "subjects": [
                {"case": one.case, "id": one.id, "type": one.type} for one in self.subjects
            ],
        }
        if self.delegation is not None:
            value["delegation"] = self.delegation
        return canonical(value)

    def person(self, place: int) -> Json:
        """The *person* part of the entry that an honest hub makes of one subject."""
        return person_of(self.subjects[place], self.officer)


def person_of(subject: Subject, officer: str) -> Json:
    """The *person* part of a subject's entry."""
    return {
        "case": subject.case,
        "officer": officer,
        "subject": {"id": subject.id, "type": subject.type},
    }


def persons_of(asked: Mapping[str, Json]) -> list[Json]:
    """The *person* part of each subject of a question as it was signed; none for what is none."""
    subjects = asked.get("subjects")
    return [
        {
            "case": one.get("case"),
            "officer": asked.get("officer"),
            "subject": {"id": one.get("id"), "type": one.get("type")},
        }
        for one in (subjects if isinstance(subjects, list) else [])
        if isinstance(one, dict)
    ]


def batch(
    dataset: str,
    subjects: Sequence[Subject],
    *,
    items: Sequence[str],
    purpose: str,
    officer: str,
    delegation: str | None = None,
    request_id: str | None = None,
) -> BatchQuestion:
    """A question for the values of ``items`` of each subject; raises ``QuestionRefused``.

    ``request_id`` is that of an earlier try with the same content; without it a new one is drawn.
    """
    question = BatchQuestion(
        dataset=dataset,
        request_id=request_id or b64u(os.urandom(REQUEST_ID_BYTES)),
        purpose=purpose,
        officer=officer,
        items=tuple(items),
        subjects=tuple(subjects),
        delegation=delegation,
    )
    _check(question)
    return question


def fault_of(subject: Subject) -> str | None:
    """What is wrong with a subject so that no hub could read it; None if nothing is."""
    if not is_code(subject.type):
        return "subject-type"
    if not is_text(subject.id):
        return "subject-id"
    if subject.case is not None and not is_text(subject.case):
        return "case"
    try:
        canonical([subject.id, subject.case])
    except MalformedJson:  # a lone surrogate is no text
        return "text"
    return None


def _check(question: BatchQuestion) -> None:
    if not 0 < len(question.subjects) <= MOST_SUBJECTS:
        raise QuestionRefused(why="subjects")
    for subject in question.subjects:
        fault = fault_of(subject)
        if fault is not None:
            raise QuestionRefused(why=fault)
    if not is_text(question.officer):
        raise QuestionRefused(why="officer")
    if not is_request_id(question.request_id):
        raise QuestionRefused(why="request-id")
    check_delegation(question.delegation)
    for name, code in (("dataset", question.dataset), ("purpose", question.purpose)):
        if not is_code(code):
            raise QuestionRefused(why=name)
    items = question.items
    if not 0 < len(items) <= ITEMS_LIMIT or len(set(items)) != len(items):
        raise QuestionRefused(why="items")
    if not all(is_code(item) for item in items):
        raise QuestionRefused(why="items")


class _Subject(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: str
    id: str
    case: str | None


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    request_id: str
    purpose: str
    officer: str
    items: list[str]
    subjects: list[_Subject]
    delegation: str | None = None


def kept_batch(dataset: str, body: bytes) -> BatchQuestion:
    """A batch of ours, read again from the body that was signed.

    Raises ``QuestionRefused`` if it is not what ``BatchQuestion.body`` writes.
    """
    value = parse(body, max_bytes=KEPT_LIMIT, max_depth=4)
    try:
        found = _Kept.model_validate(value)
    except ValidationError as error:
        raise QuestionRefused(why="kept") from error
    question = BatchQuestion(
        dataset=dataset,
        request_id=found.request_id,
        purpose=found.purpose,
        officer=found.officer,
        items=tuple(found.items),
        subjects=tuple(Subject(one.type, one.id, one.case) for one in found.subjects),
        delegation=found.delegation,
    )
    if question.body() != body:
        raise QuestionRefused(why="kept")
    return question
