"""Objections 校核 on pages: the list, one with what was said, raising, answering, withdrawing.

Nothing personal stands in an address: the subject comes in the body of a POST, also from the page
of an answer. What is sealed is shown only as the answer to a POST, which is an entry.
"""

from dataclasses import dataclass, field
from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.definition import Dataset
from catalog.identifiers import check_any
from catalog.masks import Mask
from catalog.values import check_value
from hub.calendar.corrections import working_days
from hub.errors import Forbidden, NotFound, Unprocessable
from hub.objections import answering, opening, raising, register
from hub.objections.objection import (
    LONGEST_EVIDENCE,
    LONGEST_VALUE,
    OUTCOMES,
    REASON,
    Claim,
    Objection,
    Status,
)
from hub.objections.opening import OpenedObjection
from hub.objections.seeing import READING, Act, acts, sees
from hub.people.permissions import Permission, may
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import register_of
from hub.web.pages.offers import Offer, offers
from hub.web.session import actor_of

UNPROCESSABLE = 422
OK = 200
_LONGEST_SUBJECT = 128
_SHOWN = 20
"""Publications that an answer may name, the newest."""


@dataclass(frozen=True, slots=True)
class ClaimForm:
    """What somebody filled in, and what is wrong with each field."""

    subject: str = ""
    kind: str = ""
    items: tuple[str, ...] = ()
    match: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    evidence: str = ""
    wrong: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form, dataset: Dataset, granted: dict[str, Mask]) -> "ClaimForm":
        """The form as sent; what it did not offer is left out."""
        raw = form.one("subject")
        checked = check_any(dataset.subject.kinds, raw)
        items = tuple(code for code in form.many("item") if code in granted)
        match = _filled(form, "match.", [code for code in granted if granted[code] == "full"])
        values = _filled(form, "value.", [*granted])
        reason, evidence = form.text("reason"), form.one("evidence")
        wrong: dict[str, str] = {}
        if not checked.acceptable or not 0 < len(raw) <= _LONGEST_SUBJECT:
            wrong["subject"] = checked.reason or "form"
        if not items:
            wrong["items"] = "items-none"
        for code in values:
            if code not in items:
                wrong[f"value.{code}"] = "item-not-chosen"
        for code, value in match.items():
            found = check_value(dataset.by_code[code], value)
            if not found.acceptable:
                wrong[f"match.{code}"] = found.reason
        if len(reason) not in REASON:
            wrong["reason"] = "reason"
        if len(evidence) > LONGEST_EVIDENCE:
            wrong["evidence"] = "long-text"
        subject = raw[:_LONGEST_SUBJECT] if "subject" in wrong else checked.value
        return cls(subject, checked.kind, items, match, values, reason, evidence, wrong)

    def claim(self) -> Claim:
        """What is said; call when nothing is wrong."""
        return Claim.model_validate(
            {
                "subject": {"type": self.kind, "id": self.subject},
                "items": self.items,
                "match": self.match,
                "values": self.values,
                "reason": self.reason,
                "evidence": self.evidence,
            }
        )


def objection_pages(console: Console) -> APIRouter:
    """The routes of objections."""
    routes = console.routes()
    _raising_routes(console, routes)
    _reading_routes(console, routes)
    _acting_routes(console, routes)
    return routes


def _reading_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/objections")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, *READING)
        seen, chosen = sees(visitor.person), request.query_params.get("status", "")
        found = [one for one in register.listing(hub.reading, seen) if chosen in {"", one.status}]
        calendar, now = working_days(hub.reading), hub.clock()
        raises = may(visitor.person, Permission.RAISE_OBJECTIONS)
        return console.page(
            request,
            visitor,
            "objections.html",
            register=register_of(hub),
            raised=[one for one in found if seen in {None, one.department}],
            received=[one for one in found if seen == one.provider],
            all_departments=seen is None,
            statuses=get_args(Status),
            chosen=chosen,
            urgency={one.id: register.standing(one, calendar, now) for one in found},
            offers=_offers(console, visitor) if raises else [],
        )

    @routes.get("/objections/{objection}")
    async def one(request: Request, objection: str) -> Response:
        visitor = console.visitor(request, *READING)
        found = register.find(hub.reading, objection, sees(visitor.person))
        return _shown(console, request, visitor, found)

    @routes.post("/objections/{objection}/content")
    async def content(request: Request, objection: str) -> Response:
        visitor, _, found = await _acting(console, request, objection, "open")
        opened = opening.open_objection(hub.objections, actor_of(visitor.person), found.id)
        return _shown(console, request, visitor, found, opened)


def _acting_routes(console: Console, routes: APIRouter) -> None:
    desk = console.hub.objections

    @routes.post("/objections/{objection}/answer")
    async def answer(request: Request, objection: str) -> Response:
        visitor, form, found = await _acting(console, request, objection, "answer")
        outcome = next((one for one in OUTCOMES if one == form.one("outcome")), None)
        if outcome is None:
            raise Unprocessable(why="outcome")
        reason, publication = form.text("reason"), form.one("publication") or None
        if len(reason) not in REASON:
            raise Unprocessable(why="reason")
        if outcome == "corrected" and publication is None:
            raise Unprocessable(why="publication-missing")
        named = publication if outcome == "corrected" else None
        answering.answer(desk, actor_of(visitor.person), found.id, outcome, reason, named)
        return console.redirect(f"/objections/{found.id}")

    @routes.post("/objections/{objection}/withdraw")
    async def withdraw(request: Request, objection: str) -> Response:
        visitor, _, found = await _acting(console, request, objection, "withdraw")
        answering.withdraw(desk, actor_of(visitor.person), found.id)
        return console.redirect(f"/objections/{found.id}")


def _raising_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/objections/new/{dataset}")
    async def fill(request: Request, dataset: str) -> Response:
        visitor = console.visitor(request, Permission.RAISE_OBJECTIONS)
        offer = _offer(console, visitor, dataset)
        return _form(console, request, visitor, offer, ClaimForm())

    @routes.post("/objections/new/{dataset}")
    async def send(request: Request, dataset: str) -> Response:
        visitor = console.visitor(request, Permission.RAISE_OBJECTIONS)
        form = await console.form(request, visitor)
        offer = _offer(console, visitor, dataset)
        filled = ClaimForm.read(form, offer.dataset, _granted(offer))
        if form.one("begin"):
            # From the page of an answer, with whom it was about.
            begun = ClaimForm(subject=filled.subject, items=())
            return _form(console, request, visitor, offer, begun)
        if filled.wrong:
            return _form(console, request, visitor, offer, filled)
        raised = raising.raise_objection(
            hub.objections, actor_of(visitor.person), dataset, filled.claim()
        )
        return console.redirect(f"/objections/{raised.id}")


def _form(
    console: Console, request: Request, visitor: Visitor, offer: Offer, filled: ClaimForm
) -> Response:
    granted = _granted(offer)
    items = [item for item in offer.dataset.items if item.code in granted]
    subject = offer.dataset.subject.item
    return console.page(
        request,
        visitor,
        "objection_form.html",
        UNPROCESSABLE if filled.wrong else OK,
        offer=offer,
        items=items,
        matchable=[item for item in items if granted[item.code] == "full" and item.code != subject],
        several=offer.dataset.cardinality == "many",
        filled=filled,
        longest=LONGEST_VALUE,
    )


def _shown(
    console: Console,
    request: Request,
    visitor: Visitor,
    found: Objection,
    opened: OpenedObjection | None = None,
) -> Response:
    hub = console.hub
    known = register_of(hub)
    offered = acts(visitor.person, found)
    return console.page(
        request,
        visitor,
        "objection.html",
        register=known,
        objection=found,
        definition=known.definitions.get(found.dataset),
        opened=opened,
        offered=offered,
        outcomes=OUTCOMES,
        publications=_publications(console, found) if "answer" in offered else [],
        urgency=register.standing(found, working_days(hub.reading), hub.clock()),
    )


async def _acting(
    console: Console, request: Request, objection: str, act: Act
) -> tuple[Visitor, Form, Objection]:
    """Who acts, on what; raises ``NotFound``, ``Forbidden`` where the act is not theirs."""
    needs = {
        "open": (Permission.RAISE_OBJECTIONS, Permission.ANSWER_OBJECTIONS),
        "answer": (Permission.ANSWER_OBJECTIONS,),
        "withdraw": (Permission.RAISE_OBJECTIONS,),
    }[act]
    visitor = console.visitor(request, *needs)
    form = await console.form(request, visitor)
    found = register.find(console.hub.reading, objection, sees(visitor.person))
    # What has ended is told by the act itself.
    if act not in acts(visitor.person, found) and (found.status == "open" or act == "open"):
        raise Forbidden(what="objection")
    return visitor, form, found


def _publications(console: Console, objection: Objection) -> list[tuple[str, int]]:
    """Those that went live since the objection, the newest first: number, and when it was begun."""
    rows = console.hub.reading.execute(
        "SELECT id, created FROM publications WHERE dataset = ? AND state = 'live' AND live > ?"
        " ORDER BY live DESC LIMIT ?",
        (objection.dataset, objection.entry, _SHOWN),
    )
    return [(str(number), int(created)) for number, created in rows]


def _offers(console: Console, visitor: Visitor) -> list[Offer]:
    hub, department = console.hub, visitor.person.department or ""
    found = offers(hub.reading, hub.book, department, hub.clock())
    return [one for one in found if one.provider["code"] != department]


def _offer(console: Console, visitor: Visitor, dataset: str) -> Offer:
    """What may be objected to under a code; without a grant nothing is told of its existence."""
    for offer in _offers(console, visitor):
        if offer.dataset.code == dataset:
            return offer
    raise NotFound(what="dataset")


def _granted(offer: Offer) -> dict[str, Mask]:
    """Granted items with their masks, ``full`` where any grant shows the whole."""
    found: dict[str, Mask] = {}
    for grant in offer.grants:
        for code, mask in grant.items.items():
            if code in offer.dataset.by_code and found.get(code) != "full":
                found[code] = mask
    return found


def _filled(form: Form, prefix: str, offered: list[str]) -> dict[str, str]:
    return {
        code: value
        for code, value in form.beginning(prefix).items()
        if value and code in offered and len(value) <= LONGEST_VALUE
    }
