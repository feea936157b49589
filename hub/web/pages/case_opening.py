"""Opening a case: its services are chosen, then who takes part; the answer is the case's page.

Numbers of people travel in the body of a POST and in no address. One form opens one case: sent
again it finds it, and changed after that it is refused.
"""

from collections import defaultdict
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from certs.encoding import b64u, sha256
from certs.tokens import new_session_id
from hub.access import departments
from hub.cases import acts
from hub.cases.acting import footings
from hub.cases.asked import MOST_SERVICES, Opening
from hub.cases.opening import open_case
from hub.errors import Conflict, NotFound, Unprocessable
from hub.people.permissions import Permission
from hub.web.pages import case_form, written
from hub.web.pages.ask import OK, UNPROCESSABLE
from hub.web.pages.case_form import CaseForm
from hub.web.pages.case_offers import Openable, openable, purposes_of
from hub.web.pages.cases import Outcome, handler_for, shown
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor

NEW = "/cases/new"
_REQUEST_ID_BYTES = 16
_LONGEST_SEARCH = 100


def case_opening_pages(console: Console) -> APIRouter:
    """The routes of opening; all for officers."""
    routes = console.routes()
    hub = console.hub

    @routes.get(NEW)
    async def choose(request: Request) -> Response:
        visitor = console.visitor(request, Permission.OPEN_CASES)
        codes = request.query_params.getlist("service")
        offered = openable(hub.cases, handler_for(hub, visitor, {}))
        if not codes:
            return _pick(console, request, visitor, offered, "")
        chosen = _chosen(offered, codes)
        fault = _together(console, visitor, chosen)
        if fault:
            return _pick(console, request, visitor, offered, fault, tuple(codes))
        return _form(console, request, visitor, chosen, CaseForm(seed=new_session_id()))

    @routes.post(NEW)
    async def open_(request: Request) -> Response:
        visitor = console.visitor(request, Permission.OPEN_CASES)
        form = await console.form(request, visitor)
        handler = handler_for(hub, visitor, _said(form))
        chosen = _chosen(openable(hub.cases, handler), form.many("service"))
        filled = _filled(console, visitor, chosen, form)
        if filled.wrong:
            return _form(console, request, visitor, chosen, filled)
        opened = open_case(hub.cases, handler, _opening(visitor, chosen, filled))
        if opened.position is None:
            # The form was sent again: the case stands as it has become, and reading is an entry.
            opened = acts.read(hub.cases, handler, opened.state.id)
        return shown(console, request, visitor, opened.state, opened, Outcome("open"))

    return routes


def _said(form: Form) -> dict[str, str]:
    """What R binds of the form: all that was entered, under a salt."""
    return {
        "case": form.one("case"),
        "seed": form.one("seed"),
        **form.beginning("party."),
        **form.beginning("given."),
    }


def _chosen(offered: Sequence[Openable], codes: Sequence[str]) -> list[Openable]:
    """Raises ``NotFound`` for a service that is not offered, ``Unprocessable`` for too many."""
    if not 0 < len(set(codes)) <= MOST_SERVICES:
        raise Unprocessable(why="services")
    by_code = {one.service.code: one for one in offered}
    if any(code not in by_code for code in codes):
        raise NotFound(what="service")
    return [by_code[code] for code in sorted(set(codes))]


def _together(console: Console, visitor: Visitor, chosen: Sequence[Openable]) -> str:
    """Why services cannot be one case, as a slug; empty if they can."""
    desk, handler = console.hub.cases, handler_for(console.hub, visitor, {})
    try:
        footings(desk.reading, [one.service for one in chosen], handler.caller, desk.clock())
    except Conflict as error:
        return str(error.facts["why"])
    return "" if purposes_of(desk, handler, chosen) else "no-purpose"


def _filled(console: Console, visitor: Visitor, chosen: Sequence[Openable], form: Form) -> CaseForm:
    """The form as sent, with what is wrong with it."""
    filled = case_form.read(form, [one.service for one in chosen])
    known = purposes_of(console.hub.cases, handler_for(console.hub, visitor, {}), chosen)
    if filled.purpose not in {row["code"] for row in known}:
        return filled.but("purpose", "purpose-missing")
    return filled


def _opening(visitor: Visitor, chosen: Sequence[Openable], filled: CaseForm) -> Opening:
    return written.model(
        Opening,
        {
            "case": filled.case,
            "given": dict(filled.given),
            "officer": visitor.person.account,
            "parties": dict(filled.parties),
            "purpose": filled.purpose,
            "request_id": b64u(sha256(filled.seed.encode())[:_REQUEST_ID_BYTES]),
            "services": tuple(one.service.code for one in chosen),
        },
    )


def _pick(
    console: Console,
    request: Request,
    visitor: Visitor,
    offered: Sequence[Openable],
    fault: str,
    chosen: tuple[str, ...] = (),
) -> Response:
    searched = request.query_params.get("q", "").strip()[:_LONGEST_SEARCH]
    wanted = searched.casefold()
    groups: dict[tuple[str, str], list[Openable]] = {}
    for one in offered:
        names = (one.service.code, one.service.title_zh, one.service.title_en)
        if wanted in " ".join(names).casefold() or one.service.code in chosen:
            key = (one.service.department, one.footing.named or "")
            groups.setdefault(key, []).append(one)
    return console.page(
        request,
        visitor,
        "case_pick.html",
        UNPROCESSABLE if fault else OK,
        groups=groups,
        own=visitor.person.department,
        offices={row["code"]: row for row in departments.listing(console.hub.reading)},
        searched=searched,
        offered=len(offered),
        chosen=chosen,
        fault=fault,
    )


def _form(
    console: Console,
    request: Request,
    visitor: Visitor,
    chosen: Sequence[Openable],
    filled: CaseForm,
) -> Response:
    hub = console.hub
    services = [one.service for one in chosen]
    return console.page(
        request,
        visitor,
        "case_form.html",
        UNPROCESSABLE if filled.wrong else OK,
        chosen=chosen,
        offices={row["code"]: row for row in departments.listing(hub.reading)},
        purposes=purposes_of(hub.cases, handler_for(hub, visitor, {}), chosen),
        seats=case_form.seats(services),
        fields=case_form.fields(services),
        filled=filled,
        wrong=defaultdict(str, filled.wrong),
    )
