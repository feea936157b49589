"""Asking: an officer looks up or verifies one subject and sees the answer with its receipt.

The identifier travels in the body of a POST and in no address. A form sent again repeats its
question and is not charged twice; the answer itself is kept nowhere.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.identifiers import check_any
from catalog.item import Item
from catalog.masks import Mask
from catalog.values import check_value
from certs.canonical import Json, canonical
from certs.encoding import b64u, sha256
from certs.tokens import new_session_id
from hub.access import departments
from hub.access.grant import Operation
from hub.errors import NotFound
from hub.lookup.ask import DELEGATION
from hub.people.permissions import Permission, may
from hub.web.pages.evidence import evidence_of
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.offers import Offer, lent_offers, offers
from hub.web.pages.words import told

_REQUEST_ID_BYTES = 16
_TEXT = 128
UNPROCESSABLE = 422
OK = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's fields as somebody filled them in, and what is wrong with each."""

    seed: str
    subject: str
    kind: str
    items: tuple[str, ...]
    claims: Mapping[str, str]
    purpose: str
    case: str
    wrong: Mapping[str, str]
    delegation: str | None = None

    def members(self, officer: str, operation: Operation, dataset: str) -> dict[str, Json]:
        """The question as the exchange takes it.

        Its ``request_id`` comes from the form's random seed and all that was filled in: the same
        form sent again is the same question, a changed one is another.
        """
        members: dict[str, Json] = {
            "case": self.case or None,
            "officer": officer,
            "purpose": self.purpose,
            "subject": {"id": self.subject, "type": self.kind},
        }
        if self.delegation is not None:
            members[DELEGATION] = self.delegation
        if operation == "lookup":
            members["items"] = list(self.items)
        else:
            members["claims"] = dict(self.claims)
        whole = canonical({**members, "dataset": dataset, "seed": self.seed})
        return {**members, "request_id": b64u(sha256(whole)[:_REQUEST_ID_BYTES])}


def ask_pages(console: Console) -> APIRouter:
    """The routes of asking."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/ask")
    async def choose(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        offered = _offers(console, visitor)
        groups: dict[str | None, list[Offer]] = {}
        for offer in offered:
            groups.setdefault(_named(offer), []).append(offer)
        return console.page(
            request,
            visitor,
            "ask.html",
            groups=groups,
            offices={row["code"]: row for row in departments.listing(hub.reading)},
        )

    @routes.get("/ask/{dataset}/{operation}")
    async def fill(request: Request, dataset: str, operation: str) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        under = request.query_params.get(DELEGATION, "")
        offer, wanted = _offer(console, visitor, dataset, operation, under)
        # No item is ticked beforehand: what is not needed is not to be asked for.
        empty = Asked(new_session_id(), "", "", (), {}, "", "", {})
        return _form(console, request, visitor, offer, wanted, empty)

    @routes.post("/ask/{dataset}/{operation}")
    async def ask(request: Request, dataset: str, operation: str) -> Response:
        visitor = console.visitor(request, Permission.ASK)
        form = await console.form(request, visitor)
        offer, wanted = _offer(console, visitor, dataset, operation, form.one(DELEGATION))
        asked = _read(form, offer, wanted)
        if asked.wrong:
            return _form(console, request, visitor, offer, wanted, asked)
        members = asked.members(visitor.person.account, wanted, dataset)
        reply, caller = await hub.exchange.ask_console(
            wanted, dataset, visitor.person.department or "", members
        )
        body = cast("dict[str, Json]", orjson.loads(reply.body))
        title = detail = ""
        if reply.status != OK:
            facts = cast("dict[str, str | int]", body["facts"])
            title, detail = told(str(body["code"]), visitor.language, facts)
        return console.page(
            request,
            visitor,
            "answer.html",
            reply.status,
            offer=offer,
            operation=wanted,
            asked=asked,
            result=cast("list[Json]", body["results"])[0],
            refusal_title=title,
            refusal_detail=detail,
            purpose=next(p for p in offer.purposes if p["code"] == asked.purpose),
            masks=dict(_masks(offer, wanted)),
            evidence=evidence_of(reply, body, caller),
            # What was received under a delegation is its department's to object to.
            may_object=offer.delegation is None
            and may(visitor.person, Permission.RAISE_OBJECTIONS),
            offices={row["code"]: row for row in departments.listing(hub.reading)},
        )

    return routes


def _offers(console: Console, visitor: Visitor) -> list[Offer]:
    """What may be asked for by the own department's grants, then under delegations."""
    hub = console.hub
    asking = (hub.reading, hub.book, visitor.person.department or "", hub.clock())
    return [*offers(*asking), *lent_offers(*asking)]


def _named(offer: Offer) -> str | None:
    return None if offer.delegation is None else offer.delegation.id


def _offer(
    console: Console, visitor: Visitor, dataset: str, operation: str, delegation: str
) -> tuple[Offer, Operation]:
    """The offer that a path names; without a grant nothing is told of its existence.

    ``delegation`` is empty for what is asked by the own department's grants.
    """
    wanted = next((name for name in get_args(Operation) if name == operation), None)
    for offer in _offers(console, visitor):
        if (_named(offer) or "") != delegation:
            continue
        if offer.dataset.code == dataset and wanted in offer.operations and wanted is not None:
            return offer, wanted
    raise NotFound(what="dataset")


def _masks(offer: Offer, operation: Operation) -> list[tuple[str, Mask]]:
    return [(item.code, mask) for item, mask in offer.items(operation)]


def _form(
    console: Console,
    request: Request,
    visitor: Visitor,
    offer: Offer,
    operation: Operation,
    asked: Asked,
) -> Response:
    return console.page(
        request,
        visitor,
        "question.html",
        UNPROCESSABLE if asked.wrong else OK,
        offices={row["code"]: row for row in departments.listing(console.hub.reading)},
        offer=offer,
        operation=operation,
        asked=asked,
        wrong=defaultdict(str, asked.wrong),
    )


def _read(form: Form, offer: Offer, operation: Operation) -> Asked:
    """The fields, each checked before anything is asked: a slip of the hand is no question."""
    wrong: dict[str, str] = {}
    raw = form.one("subject")
    checked = check_any(offer.dataset.subject.kinds, raw)
    if not checked.acceptable or not 0 < len(raw) <= _TEXT:
        wrong["subject"] = checked.reason or "form"
    allowed = {item.code: item for item, _ in offer.items(operation)}
    items = tuple(code for code in form.many("item") if code in allowed)
    claims: dict[str, str] = {}
    if operation == "lookup":
        if not items:
            wrong["items"] = "items-none"
    else:
        claims = _claims(form, allowed, wrong)
    purpose = form.one("purpose")
    if purpose not in {known["code"] for known in offer.purposes_of(operation)}:
        wrong["purpose"] = "purpose-missing"
    case = form.one("case")
    if offer.case_required(operation) and not case:
        wrong["case"] = "case-missing"
    if len(case) > _TEXT or not case.isprintable():
        wrong["case"] = "form"
    return Asked(
        seed=form.one("seed")[:_TEXT],
        subject=checked.value if "subject" not in wrong else raw[:_TEXT],
        kind=checked.kind,
        items=items,
        claims=claims,
        purpose=purpose,
        case=case[:_TEXT],
        wrong=wrong,
        delegation=_named(offer),
    )


def _claims(form: Form, allowed: Mapping[str, Item], wrong: dict[str, str]) -> dict[str, str]:
    claims: dict[str, str] = {}
    for code, claim in form.beginning("claim.").items():
        if claim and code in allowed:
            claims[code] = claim
            checked = check_value(allowed[code], claim)
            if not checked.acceptable:
                wrong[f"claim.{code}"] = checked.reason
    if not claims:
        wrong["claims"] = "claims-none"
    return claims
