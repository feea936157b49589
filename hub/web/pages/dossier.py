"""Dossiers 一人一档, 一企一档: an officer sees all that the department's grants allow of a subject.

The identifier travels in the body of a POST and in no address, as for single questions.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.identifiers import check_any
from certs.canonical import Json, canonical
from certs.encoding import b64u, sha256
from certs.tokens import new_session_id
from hub.lookup.ask import Question
from hub.lookup.dossier import dossier_questions
from hub.lookup.joint_ask import MOST_PARTS
from hub.people.permissions import Permission
from hub.web.pages.ask import OK, UNPROCESSABLE
from hub.web.pages.evidence import evidence_of
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.offers import CONSOLE, Offer, offers
from hub.web.pages.words import told

_REQUEST_ID_BYTES = 16
_TEXT = 128
_NO_KIND = ""
"""Where nothing is granted no identifier is of any kind."""


@dataclass(frozen=True, slots=True)
class Sought:
    """The form as somebody filled it in, and what is wrong with each field."""

    seed: str
    subject: str
    kind: str
    purpose: str
    case: str
    wrong: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """What one dataset has of the subject; ``why`` is in words if it was refused."""

    offer: Offer
    masks: Mapping[str, str]
    items: Sequence[str]
    result: Mapping[str, Json]
    why: str


def dossier_pages(console: Console) -> APIRouter:
    """The routes of dossiers."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/dossier")
    async def fill(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        empty = Sought(new_session_id(), "", "", "", "", {})
        return _form(console, request, visitor, _offers(console, visitor), empty)

    @routes.post("/dossier")
    async def show(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        form = await console.form(request, visitor)
        offered = _offers(console, visitor)
        sought = _read(form, offered)
        questions = [] if sought.wrong else _questions(console, visitor, offered, sought)
        if not 0 < len(questions) <= MOST_PARTS:
            why = "dossier-too-large" if questions else "dossier-empty"
            wrong = sought.wrong or {"purpose": why}
            again = Sought(
                sought.seed, sought.subject, sought.kind, sought.purpose, sought.case, wrong
            )
            return _form(console, request, visitor, offered, again)
        department = visitor.person.department or ""
        reply, caller = hub.joint.ask_console(department, questions)
        body = cast("dict[str, Json]", orjson.loads(reply.body))
        results = cast("list[dict[str, Json]]", body["results"])
        by_code = {offer.dataset.code: offer for offer in offered}
        sections = [
            _section(by_code[question.dataset], question, result, visitor)
            for question, result in zip(questions, results, strict=True)
        ]
        return console.page(
            request,
            visitor,
            "dossier_answer.html",
            reply.status,
            sought=sought,
            sections=sections,
            purpose=next(p for p in _purposes(offered) if p["code"] == sought.purpose),
            evidence=evidence_of(reply, body, caller),
        )

    return routes


def _offers(console: Console, visitor: Visitor) -> list[Offer]:
    hub = console.hub
    found = offers(hub.reading, hub.book, visitor.person.department or "", hub.clock())
    return [offer for offer in found if "lookup" in offer.operations]


def _purposes(offered: Sequence[Offer]) -> list[Mapping[str, str]]:
    found = {p["code"]: p for offer in offered for p in offer.purposes_of("lookup")}
    return [found[code] for code in sorted(found)]


def _read(form: Form, offered: Sequence[Offer]) -> Sought:
    wrong: dict[str, str] = {}
    raw, purpose, case = form.one("subject"), form.one("purpose"), form.one("case")
    kinds = dict.fromkeys(kind for offer in offered for kind in offer.dataset.subject.kinds)
    checked = check_any(tuple(kinds) or (_NO_KIND,), raw)
    if not checked.acceptable or not 0 < len(raw) <= _TEXT:
        wrong["subject"] = checked.reason or "form"
    if purpose not in {known["code"] for known in _purposes(offered)}:
        wrong["purpose"] = "purpose-missing"
    if len(case) > _TEXT or not case.isprintable():
        wrong["case"] = "form"
    return Sought(
        seed=form.one("seed")[:_TEXT],
        subject=checked.value if "subject" not in wrong else raw[:_TEXT],
        kind=checked.kind,
        purpose=purpose,
        case=case[:_TEXT],
        wrong=wrong,
    )


def _questions(
    console: Console, visitor: Visitor, offered: Sequence[Offer], sought: Sought
) -> list[Question]:
    members: dict[str, Json] = {
        "case": sought.case or None,
        "officer": visitor.person.account,
        "purpose": sought.purpose,
        "subject": {"id": sought.subject, "type": sought.kind},
    }
    whole = canonical({**members, "seed": sought.seed})
    return dossier_questions(
        [grant for offer in offered for grant in offer.grants],
        {offer.dataset.code: offer.dataset for offer in offered},
        {**members, "request_id": b64u(sha256(whole)[:_REQUEST_ID_BYTES])},
        kind=sought.kind,
        channel=CONSOLE,
        now=console.hub.clock(),
    )


def _section(
    offer: Offer, question: Question, result: Mapping[str, Json], visitor: Visitor
) -> Section:
    problem = result.get("problem")
    facts = {name: value for name, value in result.items() if isinstance(value, str)}
    why = "" if problem is None else told(str(problem), visitor.language, facts)[0]
    return Section(
        offer=offer,
        masks={item.code: mask for item, mask in offer.items("lookup")},
        items=question.items,
        result=result,
        why=why,
    )


def _form(
    console: Console, request: Request, visitor: Visitor, offered: Sequence[Offer], sought: Sought
) -> Response:
    return console.page(
        request,
        visitor,
        "dossier.html",
        UNPROCESSABLE if sought.wrong else OK,
        offered=offered,
        purposes=_purposes(offered),
        sought=sought,
        wrong=defaultdict(str, sought.wrong),
    )
