"""A question for a page of a feed as its signed body holds it, built and never read."""

import os
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u
from connectors.batch.question import MOST_SUBJECTS, Subject, fault_of, person_of
from connectors.errors import QuestionRefused
from connectors.question import KEPT_LIMIT, REQUEST_ID_BYTES, is_code, is_request_id, is_text

MOST = 1000
"""Changes of one page at most (``docs/feeds.md``)."""
LONGEST_WAIT = 8
"""Seconds for which a hub waits for something new."""
CURSOR_LIMIT = 1024
OPEN_CASES = "open-cases"
"""In the place of subjects: those of our department's open cases."""
KnownCases: TypeAlias = Callable[[], Container[str]]
"""The numbers of the cases that we know of, as they are when a page has come."""


@dataclass(frozen=True, slots=True)
class FeedQuestion:
    """What is followed, and from where; its ``repr`` tells nothing about a person.

    ``subjects`` None is the whole dataset, or, ``of_cases``, the parties of the department's open
    cases, whom the hub knows. ``known`` then gives the numbers of the cases that we know of.
    """

    dataset: str
    request_id: str
    purpose: str
    officer: str = field(repr=False)
    cursor: str | None = field(repr=False)
    most: int
    subjects: tuple[Subject, ...] | None = field(repr=False)
    wait: int
    of_cases: bool = False
    known: KnownCases | None = field(default=None, repr=False, compare=False)
    operation: ClassVar[Literal["feed"]] = "feed"

    @property
    def path(self) -> str:
        """Where it is sent."""
        return f"/v1/datasets/{self.dataset}/feed"

    def body(self) -> bytes:
        """The canonical JSON that is signed."""
        subjects: Json = OPEN_CASES if self.of_cases else None
        if self.subjects is not None:
            subjects = [{"case": one.case, "id": one.id, "type": one.type} for one in self.subjects]
        return canonical(
            {
                "cursor": self.cursor,
                "most": self.most,
                "officer": self.officer,
                "purpose": self.purpose,
                "request_id": self.request_id,
                "subjects": subjects,
                "wait": self.wait,
            }
        )

    def person(self, subject: Json, case: Json = None) -> Json:
        """The *person* part of the entry of a change that is told of ``subject``.

        ``case`` is what the answer says, of which only open cases have any. Raises
        ``QuestionRefused`` for somebody who was not asked about, or of a case that is not known.
        """
        if self.of_cases and subject is not None:
            if not isinstance(case, str) or not case:
                raise QuestionRefused(why="case")
            if self.known is not None and case not in self.known():
                raise QuestionRefused(why="case-unknown")
            return {"case": case, "officer": self.officer, "subject": subject}
        if self.subjects is None or subject is None:
            return {"case": None, "officer": self.officer, "subject": subject}
        for one in self.subjects:
            person = person_of(one, self.officer)
            if isinstance(person, dict) and person["subject"] == subject:
                return person
        raise QuestionRefused(why="subject")

    def refused(self) -> list[Json]:
        """The *person* parts of a refusal's entries: each subject's, or one that names none."""
        if self.subjects is None:
            return [self.person(None)]
        return [person_of(one, self.officer) for one in self.subjects]


def feed(
    dataset: str,
    cursor: str | None,
    *,
    purpose: str,
    officer: str,
    most: int = MOST,
    subjects: Sequence[Subject] | None = None,
    wait: int = 0,
    request_id: str | None = None,
    of_cases: bool = False,
    known: KnownCases | None = None,
) -> FeedQuestion:
    """A question for what has changed since ``cursor``; raises ``QuestionRefused``."""
    question = FeedQuestion(
        dataset=dataset,
        request_id=request_id or b64u(os.urandom(REQUEST_ID_BYTES)),
        purpose=purpose,
        officer=officer,
        cursor=cursor,
        most=most,
        subjects=None if subjects is None else tuple(subjects),
        wait=wait,
        of_cases=of_cases,
        known=known,
    )
    _check(question)
    return question


def _check(question: FeedQuestion) -> None:
    subjects = question.subjects
    if question.of_cases and subjects is not None:
        raise QuestionRefused(why="subjects")
    if subjects is not None and not 0 < len(subjects) <= MOST_SUBJECTS:
        raise QuestionRefused(why="subjects")
    for subject in subjects or ():
        fault = fault_of(subject)
        if fault is not None:
            raise QuestionRefused(why=fault)
    named = {(one.type, one.id) for one in subjects or ()}
    if subjects is not None and len(named) != len(subjects):
        raise QuestionRefused(why="subjects")
    cursor = question.cursor
    for holds, why in (
        (is_text(question.officer), "officer"),
        (is_request_id(question.request_id), "request-id"),
        (is_code(question.dataset), "dataset"),
        (is_code(question.purpose), "purpose"),
        (0 < question.most <= MOST, "most"),
        (0 <= question.wait <= LONGEST_WAIT, "wait"),
        (cursor is None or 0 < len(cursor) <= CURSOR_LIMIT, "cursor"),
    ):
        if not holds:
            raise QuestionRefused(why=why)


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
    cursor: str | None
    most: int
    subjects: list[_Subject] | Literal["open-cases"] | None
    wait: int


def kept_feed(dataset: str, body: bytes) -> FeedQuestion:
    """A question of ours, read again from the body that was signed.

    Raises ``QuestionRefused`` if it is not what ``FeedQuestion.body`` writes.
    """
    value = parse(body, max_bytes=KEPT_LIMIT, max_depth=4)
    try:
        found = _Kept.model_validate(value)
    except ValidationError as error:
        raise QuestionRefused(why="kept") from error
    subjects = found.subjects
    question = FeedQuestion(
        dataset=dataset,
        request_id=found.request_id,
        purpose=found.purpose,
        officer=found.officer,
        cursor=found.cursor,
        most=found.most,
        subjects=tuple(Subject(one.type, one.id, one.case) for one in subjects)
        if isinstance(subjects, list)
        else None,
        wait=found.wait,
        of_cases=subjects == OPEN_CASES,
    )
    if question.body() != body:
        raise QuestionRefused(why="kept")
    return question


def persons_told(asked: Mapping[str, Json], openings: Sequence[Json]) -> list[Json]:
    """The *person* part of each entry of a page that is kept.

    ``openings`` hold whom it told of, and for which case if they were those of open cases.
    """
    subjects = asked.get("subjects")
    if subjects == OPEN_CASES:
        return [
            {
                "case": one.get("case") if isinstance(one, dict) else None,
                "officer": asked.get("officer"),
                "subject": one.get("subject") if isinstance(one, dict) else None,
            }
            for one in openings
        ]
    cases = {
        canonical({"id": one.get("id"), "type": one.get("type")}): one.get("case")
        for one in (subjects if isinstance(subjects, list) else [])
        if isinstance(one, dict)
    }
    told = [one.get("subject") if isinstance(one, dict) else None for one in openings]
    return [
        {
            "case": None if one is None else cases.get(canonical(one)),
            "officer": asked.get("officer"),
            "subject": one,
        }
        for one in told
    ]
