"""From a caller's JSON to a question, and from a proven exit to plain JSON."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from certs.canonical import Json, canonical, parse
from certs.encoding import rfc3339
from connectors import question as questions
from connectors.errors import HubUnintelligible
from connectors.gateway.asking import Outcome
from connectors.gateway.documents import (
    KeptReceipt,
    LookupAnswer,
    LookupQuestion,
    Receipt,
    Receipts,
    VerifyAnswer,
    VerifyQuestion,
)
from connectors.gateway.errors import BodyMalformed
from connectors.gateway.problems import JSON, PROBLEM, Reply
from connectors.question import Operation, Question
from connectors.receipts.store import Kept, KeptQuestion
from connectors.verify import Checked

DEPTH = 4
_Model = TypeVar("_Model", bound=BaseModel)


def read_question(operation: Operation, dataset: str, body: bytes, limit: int) -> Question:
    """The question of a body; raises ``MalformedJson``, ``BodyMalformed``, ``QuestionRefused``."""
    value = parse(body, max_bytes=limit, max_depth=DEPTH)
    if operation == "lookup":
        asked = _given(value, LookupQuestion)
        return questions.lookup(
            dataset,
            asked.subject.type,
            asked.subject.id,
            items=asked.items,
            purpose=asked.purpose,
            officer=asked.officer,
            case=asked.case,
            delegation=asked.delegation,
            request_id=asked.request_id,
        )
    claimed = _given(value, VerifyQuestion)
    return questions.verify(
        dataset,
        claimed.subject.type,
        claimed.subject.id,
        claims=claimed.claims,
        purpose=claimed.purpose,
        officer=claimed.officer,
        case=claimed.case,
        delegation=claimed.delegation,
        request_id=claimed.request_id,
    )


def reply_of(outcome: Outcome, question: Question) -> Reply:
    """The plain answer, or the hub's problem document, each with the receipt that it rests on.

    Raises ``HubUnintelligible`` for a proven result of a form that we do not know.
    """
    checked, problem = outcome.checked, outcome.problem
    receipt = _receipt(checked, question.request_id)
    if problem is not None:
        members: dict[str, Json] = {
            "type": f"urn:yifen:problem:{problem.code}",
            "code": problem.code,
            "status": problem.status,
            "title": dict(problem.title),
            "detail": dict(problem.detail),
            "facts": dict(problem.facts),
            "request_id": question.request_id,
            "receipt": receipt.model_dump(),
        }
        return Reply(problem.status, PROBLEM, canonical(members))
    model = LookupAnswer if question.operation == "lookup" else VerifyAnswer
    try:
        answer = model.model_validate({**checked.result, "receipt": receipt})
    except ValidationError as error:
        raise HubUnintelligible(why="result") from error
    return Reply(200, JSON, canonical(answer.model_dump()))


def receipts_of(question: KeptQuestion, kept: list[Kept]) -> Reply:
    """All that is kept of one question."""
    told = Receipts(
        request_id=question.request_id,
        operation=question.operation,
        dataset=question.dataset,
        asked=rfc3339(question.asked),
        receipts=[
            KeptReceipt.model_validate(
                {
                    "request_id": one.request_id,
                    "ledger": one.origin,
                    "entry": one.entry,
                    "time": rfc3339(one.time),
                    "status": one.status,
                    "outcome": one.outcome,
                    "state": one.state,
                    "receipt": one.token,
                }
            )
            for one in kept
        ],
    )
    return Reply(200, JSON, canonical(told.model_dump()))


def _receipt(checked: Checked, request_id: str) -> Receipt:
    return Receipt(
        request_id=request_id,
        ledger=checked.receipt.origin,
        entry=checked.entry,
        time=rfc3339(checked.opened.leaf.time),
    )


def _given(value: Json, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # The place, never the value: it may be somebody's.
        place = ".".join(str(part) for part in error.errors()[0]["loc"][:1])
        raise BodyMalformed(place=place or "body") from error
