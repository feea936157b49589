"""Step 2 for a batch: one question about up to 1,000 subjects; nothing is judged yet."""

from typing import NamedTuple, TypeAlias

from certs.canonical import Json, parse
from hub.lookup.ask import (
    DELEGATION,
    Question,
    QuestionMalformed,
    code_of,
    content_of,
    dataset_of,
    delegation_of,
    items_of,
    request_id_of,
    text_of,
)
from hub.settings import Limits

_MEMBERS = frozenset({"items", "officer", "purpose", "request_id", "subjects"})
_SUBJECT = frozenset({"case", "id", "type"})

Subject: TypeAlias = tuple[str, str, str | None]
"""Type and identifier as asked, and the case number."""


class Batch(NamedTuple):
    """A well-formed batch; nothing of it has been judged yet.

    ``shared`` is the question without its subject: items, purpose, officer, identity. Its ``case``
    is null if one subject's is, so that a grant that requires one is lacking.
    """

    shared: Question
    subjects: list[Subject]


def read_batch(body: bytes, dataset: str, limits: Limits) -> Batch:
    """Read the signed body strictly; raises ``MalformedJson`` or ``QuestionMalformed``."""
    value = parse(body, max_bytes=limits.body_bytes, max_depth=limits.json_depth)
    if not isinstance(value, dict):
        raise QuestionMalformed(where="body")
    if value.keys() - {DELEGATION} != _MEMBERS:
        raise QuestionMalformed(where=min((value.keys() ^ _MEMBERS) & _MEMBERS, default="body"))
    subjects = subjects_of(value["subjects"], limits.batch_subjects)
    shared = Question(
        operation="lookup",
        dataset=dataset_of(dataset),
        request_id=request_id_of(value["request_id"]),
        subject_type="",
        subject_id="",
        items=items_of(value["items"]),
        claims={},
        purpose=code_of(value["purpose"], "purpose"),
        case=None if any(case is None for _, _, case in subjects) else "-",
        officer=text_of(value["officer"], "officer"),
        content=content_of("batch", dataset, value),
        delegation=delegation_of(value),
    )
    return Batch(shared, subjects)


def subjects_of(value: Json, most: int) -> list[Subject]:
    """Subjects of one request, in order; raises ``QuestionMalformed``."""
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise QuestionMalformed(where="subjects")
    return [_subject(one, place) for place, one in enumerate(value)]


def _subject(value: Json, place: int) -> Subject:
    where = f"subjects.{place}"
    if not isinstance(value, dict) or value.keys() != _SUBJECT:
        raise QuestionMalformed(where=where)
    case = value["case"]
    return (
        code_of(value["type"], where),
        text_of(value["id"], where),
        None if case is None else text_of(case, where),
    )
