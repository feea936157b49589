"""Whether the answer to joint questions is the one to ours, part by part.

The same checks as for one question (``connectors/verify.py``), and that entries and results stand
in the order in which we asked. What that leaves to its caller this leaves too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.receipts import Receipt, leaves_digest
from certs.signatures import Signed
from connectors.batch.verify import MAX_BATCH_ANSWER, CheckedBatch
from connectors.errors import AnswerRefused
from connectors.joint.question import JointQuestion, Part
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

BESIDE = frozenset({"malformed", "refused"})
"""Outcomes of parts that were refused beside the answers to others."""


@dataclass(frozen=True, slots=True)
class AskedJoint:
    """Joint questions as they were sent; ``again`` if an earlier attempt had already left."""

    question: JointQuestion
    signed: Signed
    again: bool = False


def check_joint(
    asked: AskedJoint,
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
        # 4 The answer is one result and one opened entry for each part
        document = parse(response.body, max_bytes=MAX_BATCH_ANSWER, max_depth=DEPTH)
        results, openings = _all(document, "results"), _all(document, "openings")
        if len(results) != len(openings):
            raise AnswerRefused(why="results")
        # 5 The entries are those that the receipt promises, and no others
        opened = [Opened(one) for one in openings]
        _check_entries(receipt, opened)
        # 6 Each is of its part's kind and names whom we asked about, rebuilt from our own question
        _check_parts(opened, question, answered=response.status == OK)
        code = document.get("code") if isinstance(document, dict) else None
        for place, (one, result) in enumerate(zip(opened, results, strict=True)):
            # 7 Each control part names our department, connector, dataset, purpose and request
            if one.control.request != signed.digest:
                raise AnswerRefused(why="control-request")
            _check_control(one.control, question, place, trust, status=response.status)
            _check_repeats(opened[0].control, one.control, place, again=asked.again)
            # 8 It binds the result at its place
            if one.control.answer != digest(canonical(result)):
                raise AnswerRefused(why="result-digest")
            # 9 It was made after we asked, and not in the future
            check_time(one.leaf.time, receipt.issued * 1000, signed.created * 1000, now)
            # 10 The result speaks about what was asked, and as its entry says
            if response.status == OK:
                _check_result(result, one.control, question.parts[place], trust)
            elif result.get("problem") != code:
                raise AnswerRefused(why="problem")
    return CheckedBatch(results, token, receipt, key, opened, openings)


def check_joint_again(
    question: JointQuestion,
    requests: frozenset[str],
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
) -> CheckedBatch:
    """The receipt of joint questions whose answer was lost (``GET /v1/receipts/{request_id}``).

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
        openings = _all(document, "openings")
        opened = [Opened(one) for one in openings]
        _check_entries(receipt, opened)
        # 3 They tell of that attempt and of our questions, part by part
        _check_parts(opened, question, answered=receipt.status == OK)
        for place, one in enumerate(opened):
            if one.control.request != receipt.request:
                raise AnswerRefused(why="control-request")
            _check_control(one.control, question, place, trust, status=receipt.status)
    return CheckedBatch((), token, receipt, key, opened, openings)


def _all(document: Json, name: str) -> list[Mapping[str, Json]]:
    members = document.get(name) if isinstance(document, dict) else None
    found = [one for one in members if isinstance(one, dict)] if isinstance(members, list) else []
    if not found or not isinstance(members, list) or len(found) != len(members):
        raise AnswerRefused(why=name)
    return [*found]


def _check_entries(receipt: Receipt, opened: Sequence[Opened]) -> None:
    if receipt.first < 0 or receipt.entries != len(opened):
        raise AnswerRefused(why="count")
    if receipt.leaves != leaves_digest([one.leaf_hash for one in opened]):
        raise AnswerRefused(why="leaves")


def _check_parts(opened: Sequence[Opened], question: JointQuestion, *, answered: bool) -> None:
    """Raise unless each entry is of the part at its place, and there is one for each.

    A body that the hub could not read as questions has one entry that names nobody, and no data.
    """
    first = opened[0]
    if len(opened) == 1 and not answered and first.control.outcome == "malformed":
        first.check_person(NOBODY)
        return
    if len(opened) != len(question.parts):
        raise AnswerRefused(why="parts")
    for place, (one, part) in enumerate(zip(opened, question.parts, strict=True)):
        if one.leaf.kind != part.operation:
            raise AnswerRefused(why="kind")
        one.check_person(question.person(place))


def _check_control(
    control: Control, question: JointQuestion, place: int, trust: Trust, *, status: int
) -> None:
    if control.outcome not in (ANSWERED | BESIDE if status == OK else DECLINED):
        raise AnswerRefused(why="outcome")
    part = question.parts[place]
    check_names(
        control,
        trust,
        dataset=part.dataset,
        purpose=part.purpose,
        delegation=part.delegation,
        answered=control.outcome in ANSWERED,
    )


def _check_repeats(first: Control, control: Control, place: int, *, again: bool) -> None:
    if control.repeats is not None and not again:
        # Nobody else can have used our random identifier.
        raise AnswerRefused(why="repeats")
    if control.repeats != (None if first.repeats is None else first.repeats + place):
        raise AnswerRefused(why="repeats")


def _check_result(result: Mapping[str, Json], control: Control, part: Part, trust: Trust) -> None:
    if control.outcome in BESIDE:
        if not isinstance(result.get("problem"), str) or {"records", "match"} & result.keys():
            raise AnswerRefused(why="problem")
        return
    if "problem" in result or result.get("dataset") != trust.full(part.dataset):
        raise AnswerRefused(why="result-dataset")
    if part.operation == "verify":
        if type(result.get("match")) is not bool or control.outcome != "answered":
            raise AnswerRefused(why="result-form")
        return
    check_records(result, control.outcome, part.items)
