"""A question as its signed body holds it (``protocol.md``, *Question*), built and never read."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.identifiers import check
from catalog.licence_record import BY_IDENTIFIER
from catalog.messages import LANGUAGES
from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, unb64u
from certs.errors import MalformedEncoding, MalformedJson
from connectors.errors import QuestionRefused

Operation = Literal["lookup", "verify", "view"]
Asking = Literal["lookup", "verify", "view", "batch", "feed", "joint", "case"]
"""What a signed request asks for: about one subject, about many (``connectors/batch``), the changes
of a dataset (``connectors/feed``), of several datasets (``connectors/joint``), or all that a case
needs (``connectors/cases``)."""
REQUEST_ID_BYTES = 16
TEXT_LIMIT = 128
"""Characters of an identifier, officer or case number."""
VALUE_LIMIT = 4000
"""Characters of a claimed value: the longest text an item may hold."""
ITEMS_LIMIT = 200
_MATERIAL = re.compile(r"m-[0-9a-f]{32}\Z", re.ASCII)
_DELEGATION = re.compile(r"D-[0-9a-f]{12}\Z", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
KEPT_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one subject; its ``repr`` tells nothing about a person.

    ``dataset`` is the local code that stands in the URL. ``items`` are asked by a lookup,
    ``claims`` by a verification, a ``material`` of the subject by a view, or a ``licence`` by its
    identifier with root, in a ``language`` if one is named. ``delegation`` names that of another
    department under whose grants it is asked; None asks under our own.
    """

    operation: Operation
    dataset: str
    request_id: str
    purpose: str
    subject_type: str
    subject_id: str = field(repr=False)
    officer: str = field(repr=False)
    case: str | None = field(repr=False)
    items: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)
    material: str = ""
    licence: str = field(default="", repr=False)
    language: str | None = None
    delegation: str | None = None

    @property
    def path(self) -> str:
        """Where it is sent."""
        return f"/v1/datasets/{self.dataset}/{self.operation}"

    def body(self) -> bytes:
        """The canonical JSON that is signed."""
        value: dict[str, Json] = {
            "request_id": self.request_id,
            "purpose": self.purpose,
            **self.person(),
        }
        if self.operation == "lookup":
            value["items"] = list(self.items)
        elif self.operation == "view":
            value |= self._viewed()
        else:
            value["claims"] = dict(self.claims)
        if self.delegation is not None:
            value["delegation"] = self.delegation
        return canonical(value)

    def _viewed(self) -> dict[str, Json]:
        """What a view names: a material, or a licence and maybe a language."""
        if not self.licence:
            return {"material": self.material}
        named: dict[str, Json] = {"licence": self.licence}
        return named if self.language is None else {**named, "language": self.language}

    def person(self) -> dict[str, Json]:
        """The *person* part of the entry that an honest hub makes of this question."""
        return {
            "case": self.case,
            "officer": self.officer,
            "subject": {"id": self.subject_id, "type": self.subject_type},
        }


class _Subject(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: str
    id: str


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    request_id: str
    purpose: str
    officer: str
    case: str | None
    subject: _Subject
    items: list[str] = Field(default_factory=list)
    claims: dict[str, str] = Field(default_factory=dict)
    material: str = ""
    licence: str = ""
    language: str | None = None
    delegation: str | None = None


def lookup(
    dataset: str,
    subject_type: str,
    subject_id: str,
    *,
    items: Sequence[str],
    purpose: str,
    officer: str,
    case: str | None = None,
    delegation: str | None = None,
    request_id: str | None = None,
) -> Question:
    """A question for the values of ``items``; raises ``QuestionRefused``.

    ``request_id`` is that of an earlier try with the same content; without it a new one is drawn.
    """
    question = Question(
        operation="lookup",
        dataset=dataset,
        request_id=request_id or b64u(os.urandom(REQUEST_ID_BYTES)),
        purpose=purpose,
        subject_type=subject_type,
        subject_id=subject_id,
        officer=officer,
        case=case,
        items=tuple(items),
        delegation=delegation,
    )
    check_question(question)
    return question


def verify(
    dataset: str,
    subject_type: str,
    subject_id: str,
    *,
    claims: Mapping[str, str],
    purpose: str,
    officer: str,
    case: str | None = None,
    delegation: str | None = None,
    request_id: str | None = None,
) -> Question:
    """A question whether ``claims`` (value by item) are on file; raises as ``lookup`` does."""
    question = Question(
        operation="verify",
        dataset=dataset,
        request_id=request_id or b64u(os.urandom(REQUEST_ID_BYTES)),
        purpose=purpose,
        subject_type=subject_type,
        subject_id=subject_id,
        officer=officer,
        case=case,
        claims=dict(claims),
        delegation=delegation,
    )
    check_question(question)
    return question


def view(
    dataset: str,
    subject_type: str,
    subject_id: str,
    *,
    material: str,
    purpose: str,
    officer: str,
    case: str | None = None,
    request_id: str | None = None,
) -> Question:
    """A question for the file of a ``material`` of the subject; raises as ``lookup`` does."""
    question = Question(
        operation="view",
        dataset=dataset,
        request_id=request_id or b64u(os.urandom(REQUEST_ID_BYTES)),
        purpose=purpose,
        subject_type=subject_type,
        subject_id=subject_id,
        officer=officer,
        case=case,
        material=material,
    )
    check_question(question)
    return question


def view_licence(
    dataset: str,
    subject_type: str,
    subject_id: str,
    *,
    licence: str,
    language: str | None = None,
    purpose: str,
    officer: str,
    case: str | None = None,
    request_id: str | None = None,
) -> Question:
    """A question for the file of a ``licence`` of the subject, named by its identifier.

    ``language`` is ``zh`` or ``en``; None leaves it to the hub. Raises as ``lookup`` does.
    """
    question = Question(
        operation="view",
        dataset=dataset,
        request_id=request_id or b64u(os.urandom(REQUEST_ID_BYTES)),
        purpose=purpose,
        subject_type=subject_type,
        subject_id=subject_id,
        officer=officer,
        case=case,
        licence=check(BY_IDENTIFIER, licence).value,
        language=language,
    )
    check_question(question)
    return question


def check_question(question: Question) -> None:
    """Refuse what no hub could answer, before anything of it leaves the department.

    Raises ``QuestionRefused``.
    """
    named = {
        "subject-id": question.subject_id,
        "officer": question.officer,
        "case": "-" if question.case is None else question.case,
    }
    for name, value in named.items():
        if not is_text(value):
            raise QuestionRefused(why=name)
    if not is_request_id(question.request_id):
        raise QuestionRefused(why="request-id")
    codes = {
        "dataset": question.dataset,
        "subject-type": question.subject_type,
        "purpose": question.purpose,
    }
    for name, code in codes.items():
        if not is_code(code):
            raise QuestionRefused(why=name)
    _check_asked(question)
    check_delegation(question.delegation)
    if not all(0 < len(value) <= VALUE_LIMIT for value in question.claims.values()):
        raise QuestionRefused(why="claims")
    try:
        question.body()
    except MalformedJson as error:  # a lone surrogate is no text
        raise QuestionRefused(why="text") from error


def check_delegation(delegation: str | None) -> None:
    """Refuse what can be no delegation's name; raises ``QuestionRefused``."""
    if delegation is not None and not _DELEGATION.match(delegation):
        raise QuestionRefused(why="delegation")


def _check_asked(question: Question) -> None:
    """Refuse what names nothing that can be asked for."""
    if question.operation == "view":
        _check_viewed(question)
        return
    asked = question.items if question.operation == "lookup" else tuple(question.claims)
    if not asked or len(set(asked)) != len(asked) or len(asked) > ITEMS_LIMIT:
        raise QuestionRefused(why="items")
    if not all(is_code(item) for item in asked):
        raise QuestionRefused(why="items")


def _check_viewed(question: Question) -> None:
    if not question.licence:
        if not _MATERIAL.match(question.material):
            raise QuestionRefused(why="material")
        return
    if question.material or not check(BY_IDENTIFIER, question.licence).acceptable:
        raise QuestionRefused(why="licence")
    if question.language not in {None, *LANGUAGES}:
        raise QuestionRefused(why="language")


def is_text(text: str) -> bool:
    """Whether ``text`` can be an identifier, an officer or a case number."""
    return bool(text.strip()) and len(text) <= TEXT_LIMIT and not _CONTROL.search(text)


def is_code(text: str) -> bool:
    """Whether ``text`` has the form of a code, which can stand in a URL."""
    return _CODE.match(text) is not None


def is_request_id(text: str) -> bool:
    """Whether ``text`` is 128 bits in base64url."""
    try:
        return len(unb64u(text)) == REQUEST_ID_BYTES
    except MalformedEncoding:
        return False


def kept(operation: Operation, dataset: str, body: bytes) -> Question:
    """A question of ours, read again from the body that was signed.

    Raises ``QuestionRefused`` if it is not what ``Question.body`` writes.
    """
    value = parse(body, max_bytes=KEPT_LIMIT, max_depth=3)
    try:
        found = _Kept.model_validate(value)
    except ValidationError as error:
        raise QuestionRefused(why="kept") from error
    question = Question(
        operation=operation,
        dataset=dataset,
        request_id=found.request_id,
        purpose=found.purpose,
        subject_type=found.subject.type,
        subject_id=found.subject.id,
        officer=found.officer,
        case=found.case,
        items=tuple(found.items),
        claims=found.claims,
        material=found.material,
        licence=found.licence,
        language=found.language,
        delegation=found.delegation,
    )
    if question.body() != body:
        raise QuestionRefused(why="kept")
    return question
