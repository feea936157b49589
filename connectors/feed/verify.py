"""Whether a page of a feed is the answer to our question, change by change.

The same checks as for a batch (``connectors/batch/verify.py``). Whom a change is about we are told
by the page itself; its entry must name the same, so the log cannot name somebody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.receipts import Receipt
from certs.signatures import Signed
from connectors.batch.verify import MAX_BATCH_ANSWER, after, all_of, check_entries
from connectors.errors import AnswerRefused, QuestionRefused
from connectors.feed.question import CURSOR_LIMIT, FeedQuestion
from connectors.jwks import ReceiptKey, check_receipt
from connectors.openings import Control, Opened
from connectors.transport import Response
from connectors.verify import (
    ANSWERED,
    DECLINED,
    DEPTH,
    NOBODY,
    OK,
    Trust,
    check_bytes,
    check_names,
    check_parties,
    check_time,
    refusing,
)

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
    """A page that stands. ``openings`` are kept with whom each change is about."""

    results: Sequence[Mapping[str, Json]]
    page: Mapping[str, Json]
    token: str
    receipt: Receipt
    key: ReceiptKey
    opened: Sequence[Opened]
    openings: Sequence[Mapping[str, Json]]

    @property
    def entry(self) -> int:
        """The index of the first change's entry in the ledger."""
        return self.receipt.first


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
    question, signed = asked.question, asked.signed
    with refusing():
        # 1 The receipt is signed by a key of this hub that leads to the pinned root
        receipt, key = check_receipt(token, keys, root=trust.root, hub=trust.hub)
        # 2 It is for us, about this very request, in the ledger that we know
        check_parties(receipt, trust)
        if receipt.request != signed.digest:
            raise AnswerRefused(why="request")
        # 3 It binds the page as it arrived, and with it the cursor
        check_bytes(receipt, response)
        # 4 The page is one result and one opened entry for each change
        document = parse(response.body, max_bytes=MAX_BATCH_ANSWER, max_depth=DEPTH)
        results, openings = all_of(document, "results"), all_of(document, "openings")
        if len(results) != len(openings):
            raise AnswerRefused(why="results")
        # 5 The entries are those that the receipt promises, and no others
        opened = [Opened(one) for one in openings]
        check_entries(receipt, opened, ENTRY_KIND)
        # 6 Each person part is whom the change is about, and our own officer and case
        answered = response.status == OK
        subjects = _check_persons(opened, results, question, answered=answered)
        code = document.get("code") if isinstance(document, dict) else None
        for place, (one, result) in enumerate(zip(opened, results, strict=True)):
            # 7 Each control part names our department, connector, dataset, purpose and request
            _check_control(one.control, asked, trust, status=response.status)
            if one.control.repeats != after(opened[0].control.repeats, place):
                raise AnswerRefused(why="repeats")
            # 8 It binds the result at its place
            if one.control.answer != digest(canonical(result)):
                raise AnswerRefused(why="result-digest")
            # 9 It was made after we asked, and not in the future
            check_time(one.leaf.time, receipt.issued * 1000, signed.created * 1000, now)
            # 10 The result is a change of what we follow, as its entry says
            if answered:
                _check_change(result, one.control, question, trust, alone=len(opened) == 1)
            elif result.get("problem") != code:
                raise AnswerRefused(why="problem")
        page = _page(document) if answered else {}
        if answered and len(results) > question.most:
            raise AnswerRefused(why="most")
    told = [{**one, "subject": subject} for one, subject in zip(openings, subjects, strict=True)]
    return CheckedPage(results, page, token, receipt, key, opened, told)


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
        # 1 The receipt is this hub's, for us, about one of our attempts
        receipt, key = check_receipt(token, keys, root=trust.root, hub=trust.hub)
        if receipt.request not in requests:
            raise AnswerRefused(why="request")
        check_parties(receipt, trust)
        # 2 The entries are those that it promises, and tell of that attempt
        document = parse(response.body, max_bytes=MAX_BATCH_ANSWER, max_depth=DEPTH)
        openings = all_of(document, "openings")
        opened = [Opened(one) for one in openings]
        check_entries(receipt, opened, ENTRY_KIND)
        for one in opened:
            if one.control.request != receipt.request:
                raise AnswerRefused(why="control-request")
            _check_names(one.control, question, trust, answered=receipt.status == OK)
    return CheckedPage((), {}, token, receipt, key, opened, openings)


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
        try:
            for one, subject in zip(opened, subjects, strict=True):
                one.check_person(question.person(subject))
        except QuestionRefused as error:
            raise AnswerRefused(why="subjects") from error
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


def _check_control(control: Control, asked: AskedPage, trust: Trust, *, status: int) -> None:
    if control.request != asked.signed.digest:
        raise AnswerRefused(why="control-request")
    if control.outcome not in (ANSWERED if status == OK else DECLINED):
        raise AnswerRefused(why="outcome")
    if control.repeats is not None and not asked.again:
        # Nobody else can have used our random identifier.
        raise AnswerRefused(why="repeats")
    _check_names(control, asked.question, trust, answered=status == OK)


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
    if not isinstance(result.get("subject"), dict) or type(result.get("disputed")) is not bool:
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
