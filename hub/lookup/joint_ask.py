"""Step 2 for joint questions: several of one request, each with its own dataset and subject."""

from collections.abc import Mapping
from typing import NamedTuple

from certs.canonical import Json, parse
from hub.access.grant import Operation
from hub.lookup.ask import (
    DELEGATION,
    Question,
    QuestionMalformed,
    content_of,
    question_of,
    request_id_of,
    text_of,
)
from hub.settings import Limits

MOST_PARTS = 64
"""Questions of one request: more than a subject has datasets in any catalogue that was seen."""
_MEMBERS = frozenset({"officer", "parts", "request_id"})
_PART = frozenset({"case", "dataset", "operation", "purpose", "subject"})
_OPERATIONS: Mapping[str, Operation] = {"lookup": "lookup", "verify": "verify"}
"""What may be asked jointly: a file is viewed by itself."""


class Joint(NamedTuple):
    """Well-formed joint questions; nothing of them has been judged yet.

    ``content`` is what a retry must have the same.
    """

    request_id: str
    content: bytes
    questions: tuple[Question, ...]


def read_joint(body: bytes, limits: Limits) -> Joint:
    """Read the signed body strictly; raises ``MalformedJson`` or ``QuestionMalformed``."""
    value = parse(body, max_bytes=limits.body_bytes, max_depth=limits.json_depth)
    if not isinstance(value, dict):
        raise QuestionMalformed(where="body")
    if value.keys() != _MEMBERS:
        raise QuestionMalformed(where=min((value.keys() ^ _MEMBERS) & _MEMBERS, default="body"))
    officer, request_id = text_of(value["officer"], "officer"), request_id_of(value["request_id"])
    parts = value["parts"]
    if not isinstance(parts, list) or not 0 < len(parts) <= MOST_PARTS:
        raise QuestionMalformed(where="parts")
    questions = [
        _question(part, f"parts.{place}", officer, request_id) for place, part in enumerate(parts)
    ]
    return Joint(request_id, content_of("joint", "", value), tuple(questions))


def _question(part: Json, where: str, officer: str, request_id: str) -> Question:
    if not isinstance(part, dict):
        raise QuestionMalformed(where=where)
    operation = _OPERATIONS.get(_text(part.get("operation")))
    dataset = part.get("dataset")
    wanted = _PART | {"items" if operation == "lookup" else "claims"}
    if DELEGATION in part:
        wanted |= {DELEGATION}
    if operation is None or not isinstance(dataset, str) or part.keys() != wanted:
        raise QuestionMalformed(where=where)
    members = {name: part[name] for name in part.keys() - {"dataset", "operation"}}
    try:
        return question_of(
            {**members, "officer": officer, "request_id": request_id}, operation, dataset
        )
    except QuestionMalformed as error:
        raise QuestionMalformed(where=f"{where}.{error.facts['where']}") from error


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
