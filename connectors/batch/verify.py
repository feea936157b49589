"""Whether a batch's answer is the one to our question, subject by subject.

The checks of every answer with several entries (``connectors/several/verify.py``), and that they
stand in the order in which we asked. What those leave to their caller this leaves too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certs.canonical import Json
from certs.signatures import Signed
from connectors.batch.question import BatchQuestion
from connectors.errors import AnswerRefused
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
from connectors.verify import (
    ANSWERED,
    DECLINED,
    NOBODY,
    OK,
    Trust,
    check_names,
    check_records,
    refusing,
)

UNFIT = "malformed"
"""The outcome of a subject whose identifier cannot be one, beside the answers to others."""
ENTRY_KIND = "lookup"


@dataclass(frozen=True, slots=True)
class AskedBatch:
    """A batch as it was sent; ``again`` if an earlier attempt had already left."""

    question: BatchQuestion
    signed: Signed
    again: bool = False


def check_batch(
    asked: AskedBatch,
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
    now: int,
) -> Several:
    """The answer, if every check of ``protocol.md`` holds; ``now`` is in milliseconds.

    Raises ``AnswerRefused``; fact ``why`` names the check.
    """
    question, signed, answered = asked.question, asked.signed, response.status == OK
    with refusing():
        # 1 to 5 The receipt is this hub's, of this request, and the entries are those it promises
        several = arrived(signed, response, token=token, keys=keys, trust=trust)
        check_kinds(several, ENTRY_KIND)
        # 6 Each person part is whom we asked about at that place, rebuilt from our own question
        _check_persons(several.opened, question, answered=answered)
        # 7 Each control part names our department, connector, dataset, purpose and request
        outcomes = ANSWERED | {UNFIT} if answered else DECLINED
        check_own(several, signed, outcomes, again=asked.again)
        for one in several.opened:
            _check_names(one.control, question, trust, answered=answered)
        # 8, 9 It binds the result at its place, and was made after we asked
        check_bound(several, signed, now)
        # 10 The result speaks about what was asked, and as its entry says
        for one, result in zip(several.opened, several.results, strict=True):
            if answered:
                _check_result(result, one.control, question, trust)
            elif result.get("problem") != several.code:
                raise AnswerRefused(why="problem")
    return several


def check_batch_again(
    question: BatchQuestion,
    requests: frozenset[str],
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
) -> Several:
    """The receipt of a batch whose answer was lost; raises ``AnswerRefused``.

    ``requests`` are the digests R of every attempt that left.
    """
    with refusing():
        # 1, 2 The receipt is this hub's, of one of our attempts, and the entries are those of it
        several = arrived_again(requests, response, token=token, keys=keys, trust=trust)
        check_kinds(several, ENTRY_KIND)
        # 3 They tell of our question, subject by subject
        answered = several.receipt.status == OK
        _check_persons(several.opened, question, answered=answered)
        for one in several.opened:
            _check_names(one.control, question, trust, answered=answered)
    return several


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


def _check_result(
    result: Mapping[str, Json], control: Control, question: BatchQuestion, trust: Trust
) -> None:
    if control.outcome == UNFIT:
        if not isinstance(result.get("problem"), str) or "records" in result:
            raise AnswerRefused(why="problem")
        return
    if result.get("dataset") != trust.full(question.dataset):
        raise AnswerRefused(why="result-dataset")
    check_records(result, control.outcome, question.items)
