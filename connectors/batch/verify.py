"""Whether a batch's answer is the one to our question, subject by subject.

The same checks as for one subject (``connectors/verify.py``), and that entries and results stand
in the order in which we asked. What that leaves to its caller this leaves too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.receipts import Receipt, leaves_digest
from certs.signatures import Signed
from connectors.batch.question import BatchQuestion
from connectors.errors import AnswerRefused
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
    check_records,
    check_time,
    refusing,
)

MAX_BATCH_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer: the most that a hub's settings allow, with its openings."""
UNFIT = "malformed"
"""The outcome of a subject whose identifier cannot be one, beside the answers to others."""
ENTRY_KIND = "lookup"


@dataclass(frozen=True, slots=True)
class AskedBatch:
    """A batch as it was sent; ``again`` if an earlier attempt had already left."""

    question: BatchQuestion
    signed: Signed
    again: bool = False


@dataclass(frozen=True, slots=True)
class CheckedBatch:
    """An answer that stands. ``results`` and ``opened`` are in the order of the subjects."""

    results: Sequence[Mapping[str, Json]]
    token: str
    receipt: Receipt
    key: ReceiptKey
    opened: Sequence[Opened]
    openings: Sequence[Mapping[str, Json]]

    @property
    def entry(self) -> int:
        """The index of the first subject's entry in the ledger."""
        return self.receipt.first


def check_batch(
    asked: AskedBatch,
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
    now: int,
) -> CheckedBatch:
    """The answer, if every check of ``protocol.md`` holds; ``now`` is in milliseconds.

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
        # 3 It binds the answer as it arrived
        check_bytes(receipt, response)
        # 4 The answer is one result and one opened entry for each subject
        document = parse(response.body, max_bytes=MAX_BATCH_ANSWER, max_depth=DEPTH)
        results, openings = all_of(document, "results"), all_of(document, "openings")
        if len(results) != len(openings):
            raise AnswerRefused(why="results")
        # 5 The entries are those that the receipt promises, and no others
        opened = [Opened(one) for one in openings]
        check_entries(receipt, opened, ENTRY_KIND)
        # 6 Each person part is whom we asked about at that place, rebuilt from our own question
        _check_persons(opened, question, answered=response.status == OK)
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
            # 10 The result speaks about what was asked, and as its entry says
            _check_result(result, one.control, question, trust, code, response.status)
    return CheckedBatch(results, token, receipt, key, opened, openings)


def check_batch_again(
    question: BatchQuestion,
    requests: frozenset[str],
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
) -> CheckedBatch:
    """The receipt of a batch whose answer was lost (``GET /v1/receipts/{request_id}``).

    ``requests`` are the digests R of every attempt that left. There are no results, so nothing
    but the entries may be taken from it. Raises ``AnswerRefused``.
    """
    with refusing():
        # 1 The receipt is this hub's, for us, about one of our attempts
        receipt, key = check_receipt(token, keys, root=trust.root, hub=trust.hub)
        if receipt.request not in requests:
            raise AnswerRefused(why="request")
        check_parties(receipt, trust)
        # 2 The entries are those that it promises
        document = parse(response.body, max_bytes=MAX_BATCH_ANSWER, max_depth=DEPTH)
        openings = all_of(document, "openings")
        opened = [Opened(one) for one in openings]
        check_entries(receipt, opened, ENTRY_KIND)
        # 3 They tell of that attempt and of our question, subject by subject
        _check_persons(opened, question, answered=receipt.status == OK)
        for one in opened:
            if one.control.request != receipt.request:
                raise AnswerRefused(why="control-request")
            _check_names(one.control, question, trust, answered=receipt.status == OK)
    return CheckedBatch((), token, receipt, key, opened, openings)


def all_of(document: Json, name: str) -> list[Mapping[str, Json]]:
    """The objects of a list that is not empty; raises ``AnswerRefused``."""
    members = document.get(name) if isinstance(document, dict) else None
    if not isinstance(members, list) or not members:
        raise AnswerRefused(why=name)
    found: list[Mapping[str, Json]] = [one for one in members if isinstance(one, dict)]
    if len(found) != len(members):
        raise AnswerRefused(why=name)
    return found


def check_entries(receipt: Receipt, opened: Sequence[Opened], kind: str) -> None:
    """Raise ``AnswerRefused`` unless the entries are those that a receipt promises."""
    if receipt.first < 0 or receipt.entries != len(opened):
        raise AnswerRefused(why="count")
    if receipt.leaves != leaves_digest([one.leaf_hash for one in opened]):
        raise AnswerRefused(why="leaves")
    if any(one.leaf.kind != kind for one in opened):
        raise AnswerRefused(why="kind")


def _check_persons(opened: Sequence[Opened], question: BatchQuestion, *, answered: bool) -> None:
    """Raise unless each entry names the subject at its place, and there is one for each.

    A body that the hub could not read as a question has one entry that names nobody, and no data.
    """
    first = opened[0]
    if len(opened) == 1 and not answered and first.control.outcome == "malformed":
        first.check_person(NOBODY)
        return
    if len(opened) != len(question.subjects):
        raise AnswerRefused(why="subjects")
    for place, one in enumerate(opened):
        one.check_person(question.person(place))


def _check_control(control: Control, asked: AskedBatch, trust: Trust, *, status: int) -> None:
    if control.request != asked.signed.digest:
        raise AnswerRefused(why="control-request")
    if control.outcome not in (ANSWERED | {UNFIT} if status == OK else DECLINED):
        raise AnswerRefused(why="outcome")
    if control.repeats is not None and not asked.again:
        # Nobody else can have used our random identifier.
        raise AnswerRefused(why="repeats")
    _check_names(control, asked.question, trust, answered=status == OK)


def _check_names(
    control: Control, question: BatchQuestion, trust: Trust, *, answered: bool
) -> None:
    check_names(
        control,
        trust,
        dataset=question.dataset,
        purpose=question.purpose,
        delegation=question.delegation,
        answered=answered,
    )


def after(first: int | None, place: int) -> int | None:
    """What the entry at ``place`` repeats, if the first one repeats ``first``."""
    return None if first is None else first + place


def _check_result(
    result: Mapping[str, Json],
    control: Control,
    question: BatchQuestion,
    trust: Trust,
    code: Json,
    status: int,
) -> None:
    problem = result.get("problem")
    if status != OK:
        if problem != code:
            raise AnswerRefused(why="problem")
    elif control.outcome == UNFIT:
        if not isinstance(problem, str) or "records" in result:
            raise AnswerRefused(why="problem")
    else:
        if result.get("dataset") != trust.full(question.dataset):
            raise AnswerRefused(why="result-dataset")
        check_records(result, control.outcome, question.items)
