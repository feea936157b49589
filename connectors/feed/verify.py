"""Whether a page of a feed is the answer to our question, change by change.

The checks of every answer with several entries (``connectors/several/verify.py``). Whom a change
is about we are told by the page itself; its entry must name the same, so the log cannot name
somebody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from certs.canonical import Json
from certs.signatures import Signed
from connectors.errors import AnswerRefused, QuestionRefused
from connectors.feed.question import CURSOR_LIMIT, FeedQuestion
from connectors.jwks import ReceiptKey
from connectors.openings import Control, Opened
from connectors.several.verify import (
    Several,
    arrived,
    arrived_again,
    check_bound,
    check_kinds,
    check_own,
)
from connectors.transport import Response
from connectors.verify import ANSWERED, DECLINED, NOBODY, OK, Trust, check_names, refusing

ENTRY_KIND = "feed"
CHANGES = frozenset({"upserted", "removed"})


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A question as it was sent; ``again`` if an earlier attempt had already left."""

    question: FeedQuestion
    signed: Signed
    again: bool = False


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """A page that stands. The openings of ``several`` are kept with whom each change is about."""

    several: Several
    page: Mapping[str, Json]


def check_page(
    asked: AskedPage,
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
    now: int,
) -> CheckedPage:
    """The page, if every check holds; ``now`` is in milliseconds.

    Raises ``AnswerRefused``; fact ``why`` names the check.
    """
    question, signed, answered = asked.question, asked.signed, response.status == OK
    with refusing():
        # 1 to 5 The receipt is this hub's, of this request, binds the page with its cursor, and
        #   the entries are those it promises
        several = arrived(signed, response, token=token, keys=keys, trust=trust)
        check_kinds(several, ENTRY_KIND)
        # 6 Each person part is whom the change is about, and our own officer and case
        subjects = _check_persons(several.opened, several.results, question, answered=answered)
        # 7 Each control part names our department, connector, dataset, purpose and request
        check_own(several, signed, ANSWERED if answered else DECLINED, again=asked.again)
        for one in several.opened:
            _check_names(one.control, question, trust, answered=answered)
        # 8, 9 It binds the result at its place, and was made after we asked
        check_bound(several, signed, now)
        # 10 The result is a change of what we follow, as its entry says
        alone = len(several.opened) == 1
        for one, result in zip(several.opened, several.results, strict=True):
            if answered:
                _check_change(result, one.control, question, trust, alone=alone)
            elif result.get("problem") != several.code:
                raise AnswerRefused(why="problem")
        page = _page(several.document) if answered else {}
        if answered and len(several.results) > question.most:
            raise AnswerRefused(why="most")
    told = [
        {**one, "subject": subject, **({"case": result.get("case")} if question.of_cases else {})}
        for one, subject, result in zip(several.openings, subjects, several.results, strict=True)
    ]
    return CheckedPage(replace(several, openings=told), page)


def check_page_again(
    question: FeedQuestion,
    requests: frozenset[str],
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
) -> CheckedPage:
    """The receipt of a page that was lost (``GET /v1/receipts/{request_id}``).

    Nothing but the entries may be taken from it, and whom they name cannot be known without the
    page: it is asked for again. Raises ``AnswerRefused``.
    """
    with refusing():
        # 1, 2 The receipt is this hub's, of one of our attempts, and the entries are those of it
        several = arrived_again(requests, response, token=token, keys=keys, trust=trust)
        check_kinds(several, ENTRY_KIND)
        for one in several.opened:
            _check_names(one.control, question, trust, answered=several.receipt.status == OK)
    return CheckedPage(several, {})


def _check_persons(
    opened: Sequence[Opened],
    results: Sequence[Mapping[str, Json]],
    question: FeedQuestion,
    *,
    answered: bool,
) -> list[Json]:
    """Whom each entry names, as checked against its *person* part."""
    if answered:
        subjects = [result.get("subject") for result in results]
        cases = [result.get("case") for result in results]
        try:
            for one, subject, case in zip(opened, subjects, cases, strict=True):
                one.check_person(question.person(subject, case))
        except QuestionRefused as error:
            why = "cases" if question.of_cases else "subjects"
            raise AnswerRefused(why=why) from error
        return subjects
    if len(opened) == 1 and opened[0].control.outcome == "malformed":
        opened[0].check_person(NOBODY)
        return [None]
    persons = question.refused()
    if len(opened) != len(persons):
        raise AnswerRefused(why="subjects")
    for one, person in zip(opened, persons, strict=True):
        one.check_person(person)
    return [person.get("subject") if isinstance(person, dict) else None for person in persons]


def _check_names(control: Control, question: FeedQuestion, trust: Trust, *, answered: bool) -> None:
    check_names(
        control,
        trust,
        dataset=question.dataset,
        purpose=question.purpose,
        delegation=None,
        answered=answered,
    )


def _check_change(
    result: Mapping[str, Json],
    control: Control,
    question: FeedQuestion,
    trust: Trust,
    *,
    alone: bool,
) -> None:
    if result.get("dataset") != trust.full(question.dataset):
        raise AnswerRefused(why="result-dataset")
    change = result.get("change")
    if change is None:
        # A page that tells of a reset, and of no row.
        if not alone or control.outcome != "empty" or result.get("subject") is not None:
            raise AnswerRefused(why="result-form")
        return
    if control.outcome != "answered":
        raise AnswerRefused(why="outcome")
    items, row = result.get("items"), result.get("row")
    if change not in CHANGES or not isinstance(row, str) or not isinstance(items, dict):
        raise AnswerRefused(why="result-form")
    # Of what was destroyed nobody can say any more whose it was; it is told to those who follow
    # everybody alone.
    nameless = change == "removed" and question.subjects is None and not question.of_cases
    if not isinstance(result.get("subject"), dict) and not nameless:
        raise AnswerRefused(why="result-form")
    if type(result.get("disputed")) is not bool:
        raise AnswerRefused(why="result-form")
    if (change == "removed" and items) or not all(isinstance(one, str) for one in items.values()):
        raise AnswerRefused(why="result-items")


def _page(document: Json) -> Mapping[str, Json]:
    page = document.get("page") if isinstance(document, dict) else None
    cursor = page.get("cursor") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(cursor, str):
        raise AnswerRefused(why="page")
    if not 0 < len(cursor) <= CURSOR_LIMIT:
        raise AnswerRefused(why="page")
    return page
