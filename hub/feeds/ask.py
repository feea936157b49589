"""Step 2 for a page of a feed: what is followed, from where, how much of it; nothing is judged."""

from typing import NamedTuple

from certs.canonical import Json, parse
from hub.lookup.ask import (
    Question,
    QuestionMalformed,
    code_of,
    content_of,
    dataset_of,
    request_id_of,
    text_of,
)
from hub.lookup.batch_ask import Subject, subjects_of
from hub.settings import Limits

_MEMBERS = frozenset({"cursor", "most", "officer", "purpose", "request_id", "subjects", "wait"})
MOST = 1000
"""Changes of one page: as many entries as one receipt covers at most."""
LONGEST_WAIT = 8
"""Seconds that a question waits for something new: shorter than a worker takes to end in peace."""
MAX_CURSOR = 1024
OPEN_CASES = "open-cases"
"""In the place of subjects: those of the department's own open cases."""


class Followed(NamedTuple):
    """A well-formed question for a page; nothing of it has been judged yet.

    ``shared`` is the question without its subjects, and ``items`` of it are empty: a feed carries
    all that is granted. ``subjects`` None follows the whole dataset, or, ``of_cases``, the parties
    of the department's open cases.
    """

    shared: Question
    cursor: str | None
    most: int
    subjects: list[Subject] | None
    wait: int
    of_cases: bool = False


def read_feed(body: bytes, dataset: str, limits: Limits) -> Followed:
    """Read the signed body strictly; raises ``MalformedJson`` or ``QuestionMalformed``."""
    value = parse(body, max_bytes=limits.body_bytes, max_depth=limits.json_depth)
    if not isinstance(value, dict):
        raise QuestionMalformed(where="body")
    if value.keys() != _MEMBERS:
        raise QuestionMalformed(where=min((value.keys() ^ _MEMBERS) & _MEMBERS, default="body"))
    given = value["subjects"]
    of_cases = given == OPEN_CASES
    subjects = None
    if given is not None and not of_cases:
        subjects = subjects_of(given, limits.batch_subjects)
    # Whoever is a party of a case is told of under its number.
    cased = of_cases or (subjects is not None and all(case is not None for _, _, case in subjects))
    shared = Question(
        operation="feed",
        dataset=dataset_of(dataset),
        request_id=request_id_of(value["request_id"]),
        subject_type="",
        subject_id="",
        items=(),
        claims={},
        purpose=code_of(value["purpose"], "purpose"),
        case="-" if cased else None,
        officer=text_of(value["officer"], "officer"),
        content=content_of("feed", dataset, value),
    )
    return Followed(
        shared,
        _cursor(value["cursor"]),
        _number(value["most"], "most", 1, MOST),
        subjects,
        _number(value["wait"], "wait", 0, LONGEST_WAIT),
        of_cases,
    )


def _cursor(value: Json) -> str | None:
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= MAX_CURSOR):
        raise QuestionMalformed(where="cursor")
    return value


def _number(value: Json, where: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise QuestionMalformed(where=where)
    return value
