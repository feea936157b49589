"""What is refused, and what was only recorded on the wire or changed on its way."""

from dataclasses import replace
from http import HTTPStatus

from certs.canonical import Json
from certs.signatures import content_digest
from hub.ops.demo.acts.asking import Known
from hub.ops.demo.cast import LAND, MARKET
from hub.ops.demo.connector import Question, Refusal
from hub.ops.demo.stage import Stage
from hub.ops.demo.wire import Recorded, Reply, record, send


def play(stage: Stage, known: Known) -> None:
    """Five questions that are refused with a receipt, and three attempts that get none."""
    teller, question = stage.teller, known.question
    teller.act("demo.refusing")
    other = stage.offices[MARKET].officer.account
    refusals: tuple[tuple[str, Question, str], ...] = (
        (
            "item",
            replace(question, items=(*question.items, "registered_address")),
            "items-outside-grant",
        ),
        ("purpose", replace(question, purpose="tax_administration"), "purpose-outside-grant"),
        ("case", replace(question, case=None), "case-required"),
        ("officer", replace(question, officer=other), "officer-unknown"),
        ("nothing", replace(question, dataset="e_licence", items=("number",)), "not-granted"),
        ("unknown", replace(question, dataset="tax_returns", items=("income",)), "not-granted"),
    )
    for name, refused, code in refusals:
        teller.step(f"demo.refusing.{name}", account=other)
        told = stage.ask(stage.offices[LAND], refused)
        proven = isinstance(told, Refusal) and told.code == code and told.entry is not None
        teller.expect(proven, seen=told.code if isinstance(told, Refusal) else "answered")
    _attack(stage, question)


def _attack(stage: Stage, question: Question) -> None:
    teller = stage.teller
    home = stage.offices[LAND].connector.home
    items: list[Json] = [*question.items]
    body: dict[str, Json] = {
        "case": question.case,
        "items": items,
        "officer": question.officer,
        "purpose": question.purpose,
        "subject": {"id": question.subject, "type": question.kind},
    }
    path = f"/v1/datasets/{question.dataset}/lookup"

    teller.step("demo.refusing.replayed")
    recorded = record(home, stage.address, path, body, stage.clock)
    first, second = send(recorded), send(recorded)
    if first.entry is not None:
        stage.note(question.subject, first.entry)
    answered = (first.status, second.status, second.problem)
    expected = (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED, "replayed")
    teller.expect(answered == expected, seen=str(answered))

    teller.step("demo.refusing.changed")
    recorded = record(home, stage.address, path, body, stage.clock)
    forged = recorded.body.replace(b"real_estate_registration", b"credit_supervision")
    changed = Recorded(recorded.url, recorded.headers, forged)
    matched = {**recorded.headers, "content-digest": content_digest(forged)}
    replies = (send(changed), send(Recorded(recorded.url, matched, forged)))
    problems = [_unauthorised(reply) for reply in replies]
    teller.expect(problems == ["digest-mismatch", "signature-invalid"], seen=str(problems))


def _unauthorised(reply: Reply) -> str:
    """The problem of a reply that is 401 and has no entry; else its status."""
    if reply.status == HTTPStatus.UNAUTHORIZED and reply.entry is None:
        return reply.problem
    return str(reply.status)
