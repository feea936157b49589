"""Whether the answer to joint questions is the one to ours, part by part.

The checks of every answer with several entries (``connectors/several/verify.py``), and that they
stand in the order in which we asked. What those leave to their caller this leaves too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certs.canonical import Json
from connectors.errors import AnswerRefused
from connectors.joint.question import JointQuestion, Part
from connectors.jwks import ReceiptKey
from connectors.openings import Control, Opened
from connectors.several.verify import (
    Made,
    Several,
    arrived,
    arrived_again,
    check_bound,
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

BESIDE = frozenset({"malformed", "refused"})
"""Outcomes of parts that were refused beside the answers to others."""


@dataclass(frozen=True, slots=True)
class AskedJoint:
    """Joint questions as they were sent; ``again`` if an earlier attempt had already left."""

    question: JointQuestion
    signed: Made
    again: bool = False


def check_joint(
    asked: AskedJoint,
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
    with refusing():
        # 1 to 5 The receipt is this hub's, of this request, and the entries are those it promises
        several = arrived(asked.signed, response, token=token, keys=keys, trust=trust)
        check_parts(asked, several, trust, now)
    return several


def check_parts(asked: AskedJoint, several: Several, trust: Trust, now: int) -> None:
    """Steps 6 to 10, also of a round of questions that a case asks in our name.

    Raises ``AnswerRefused`` and what its parts raise.
    """
    question, signed, answered = asked.question, asked.signed, several.receipt.status == OK
    # 6 Each is of its part's kind and names whom we asked about, rebuilt from our own question
    _check_parts(several.opened, question, answered=answered)
    # 7 Each control part names our department, connector, dataset, purpose and request
    check_own(several, signed, _outcomes(answered=answered), again=asked.again)
    _check_names(several.opened, question, trust)
    # 8, 9 It binds the result at its place, and was made after we asked
    check_bound(several, signed, now)
    # 10 The result speaks about what was asked, and as its entry says
    for place, (one, result) in enumerate(zip(several.opened, several.results, strict=True)):
        if answered:
            _check_result(result, one.control, question.parts[place], trust)
        elif result.get("problem") != several.code:
            raise AnswerRefused(why="problem")


def check_joint_again(
    question: JointQuestion,
    requests: frozenset[str],
    response: Response,
    *,
    token: str,
    keys: Mapping[str, ReceiptKey],
    trust: Trust,
) -> Several:
    """The receipt of joint questions whose answer was lost; raises ``AnswerRefused``.

    ``requests`` are the digests R of every attempt that left.
    """
    with refusing():
        # 1, 2 The receipt is this hub's, of one of our attempts, and the entries are those of it
        several = arrived_again(requests, response, token=token, keys=keys, trust=trust)
        # 3 They tell of our questions, part by part
        answered = several.receipt.status == OK
        _check_parts(several.opened, question, answered=answered)
        if any(one.control.outcome not in _outcomes(answered=answered) for one in several.opened):
            raise AnswerRefused(why="outcome")
        _check_names(several.opened, question, trust)
    return several


def _outcomes(*, answered: bool) -> frozenset[str]:
    return ANSWERED | BESIDE if answered else DECLINED


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


def _check_names(opened: Sequence[Opened], question: JointQuestion, trust: Trust) -> None:
    """Each control part names what its part asked; a body that was no question has one entry."""
    for one, part in zip(opened, question.parts, strict=False):
        check_names(
            one.control,
            trust,
            dataset=part.dataset,
            purpose=part.purpose,
            delegation=part.delegation,
            answered=one.control.outcome in ANSWERED,
        )


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
