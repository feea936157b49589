"""Cases 办件: the list, one case's states, and for its officers its content and its notice.

States tell nothing of anybody. The content does: reading it is an entry that names the officer, so
it is opened with a POST, and every act's answer, an entry itself, shows it again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.services.service import Service
from certs.canonical import canonical
from certs.encoding import from_rfc3339
from hub.access import departments, purposes
from hub.calendar.corrections import working_days
from hub.calendar.statutory import Urgency, urgency
from hub.cases import acts, kept
from hub.cases.deciding import Fallen
from hub.cases.desk import Handler, handler_of_session
from hub.cases.listing import listed, next_due
from hub.cases.opening import Opened
from hub.cases.seeing import READING, handles, sees
from hub.cases.state import CaseState, CaseStatus, CommitmentIn, MaterialIn
from hub.delegation import register as delegations
from hub.people.permissions import Permission, may
from hub.runtime import Hub
from hub.web.pages.ask import OK, UNPROCESSABLE
from hub.web.pages.case_form import CaseForm, fields, seats
from hub.web.pages.case_words import Register, Sheet, sheet
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.scan_form import fileable

STATUSES: tuple[CaseStatus, ...] = get_args(CaseStatus)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A commitment and how near its day is; ``urgency`` is None once it is settled."""

    commitment: CommitmentIn
    urgency: Urgency | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act has come to beside the case: what fell away, and what it lacks."""

    act: str
    fallen: Sequence[Fallen] = ()
    lacking: Sequence[MaterialIn] = ()


def case_pages(console: Console) -> APIRouter:
    """The routes of reading cases."""
    routes = console.routes()
    _listing_pages(console, routes)
    _content_pages(console, routes)
    return routes


def _listing_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/cases")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, *READING)
        seen, asked = sees(visitor.person), request.query_params
        status, service = asked.get("status", ""), asked.get("service", "")
        page = listed(
            hub.reading,
            seen,
            status=status or None,
            service=service or None,
            before=asked.get("before") or None,
        )
        return console.page(
            request,
            visitor,
            "cases.html",
            cases=page.cases,
            more=page.more,
            earlier=bool(asked.get("before")),
            waiting={one.id: _next(hub, one) for one in page.cases},
            titles=_titles(hub, page.cases),
            offices={row["code"]: row for row in departments.listing(hub.reading)},
            all_departments=seen is None,
            statuses=STATUSES,
            services=_filterable(hub, seen),
            chosen={"status": status, "service": service},
            may_open=may(visitor.person, Permission.OPEN_CASES),
        )

    @routes.get("/cases/{case}")
    async def one(request: Request, case: str) -> Response:
        visitor = console.visitor(request, *READING)
        state = kept.state_of(hub.reading, case, sees(visitor.person))
        return shown(console, request, visitor, state)


def _content_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.post("/cases/{case}/content")
    async def content(request: Request, case: str) -> Response:
        visitor, opened = await _read(console, request, case)
        return shown(console, request, visitor, opened.state, opened)

    @routes.get("/cases/{case}/notice")
    async def before(request: Request, case: str) -> Response:
        visitor = console.visitor(request, Permission.OPEN_CASES)
        state = kept.state_of(hub.reading, case, visitor.person.department or "")
        return console.page(request, visitor, "case_notice_open.html", state=state)

    @routes.post("/cases/{case}/notice")
    async def notice(request: Request, case: str) -> Response:
        visitor, opened = await _read(console, request, case)
        register = register_for(hub, opened.state)
        return console.page(
            request,
            visitor,
            "case_notice.html",
            state=opened.state,
            asked=opened.content.asked,
            entry=opened.position,
            sheet=sheet(opened.content.notice, opened.state, register, visitor.language),
            register=register,
            promised=_promised(opened.state),
            origin=hub.settings.public_origin,
        )


async def _read(console: Console, request: Request, case: str) -> tuple[Visitor, Opened]:
    visitor = console.visitor(request, Permission.OPEN_CASES)
    await console.form(request, visitor)
    return visitor, acts.read(console.hub.cases, handler_for(console.hub, visitor, {}), case)


def handler_for(hub: Hub, visitor: Visitor, said: Mapping[str, str]) -> Handler:
    """The visitor as one who handles cases, with what the form said; raises ``Forbidden``."""
    return handler_of_session(visitor.person, canonical({**said}), hub.clock())


def register_for(hub: Hub, state: CaseState) -> Register:
    """What the codes of a case stand for, its services in the versions by which it was decided."""
    in_force = hub.cases.shelf.current()
    return Register(
        services={
            one.service: hub.cases.shelf.service(one.service, one.version) for one in state.services
        },
        departments={row["code"]: row for row in departments.listing(hub.reading)},
        datasets=in_force.datasets,
        licences=in_force.licences,
    )


def shown(
    console: Console,
    request: Request,
    visitor: Visitor,
    state: CaseState,
    opened: Opened | None = None,
    outcome: Outcome | None = None,
    again: CaseForm | None = None,
) -> Response:
    """The page of a case: its states, and its content where that was opened.

    ``again`` is the supplement as somebody filled it in, if something is wrong with it.
    """
    hub = console.hub
    register = register_for(hub, state)
    services = tuple(register.services.values())
    purpose: Mapping[str, str] | None = None
    lent: Mapping[str, str] = {}
    told: Sheet | None = None
    filled = CaseForm()
    if opened is not None:
        asked = opened.content.asked
        told = sheet(opened.content.notice, state, register, visitor.language)
        known = {row["code"]: row for row in purposes.listing(hub.reading)}
        purpose = known.get(asked.purpose)
        filled = again or CaseForm.of(asked)
        lent = _lent(opened)
    return console.page(
        request,
        visitor,
        "case.html",
        OK if again is None else UNPROCESSABLE,
        state=state,
        register=register,
        commitments=[_waits(hub, one) for one in state.commitments],
        promised=_promised(state),
        handles=handles(visitor.person, state),
        opened=opened,
        sheet=told,
        purpose=purpose,
        lent=lent,
        fileable=frozenset() if opened is None else frozenset(fileable(hub, visitor.person)),
        outcome=outcome,
        seats=seats(services),
        fields=fields(services),
        filled=filled,
        wrong=defaultdict(str, filled.wrong),
    )


def _lent(opened: Opened) -> Mapping[str, str]:
    """By whose grants its questions were asked under a delegation: department, delegation."""
    found: dict[str, str] = {}
    for one in opened.rounds:
        questions = one["questions"]
        for question in questions if isinstance(questions, list) else []:
            if isinstance(question, dict) and isinstance(question["delegation"], str):
                found[str(question["department"])] = question["delegation"]
    return found


def _promised(state: CaseState) -> Mapping[tuple[str, str], CommitmentIn]:
    """Commitments by service and material."""
    return {(one.service, one.material): one for one in state.commitments}


def _waits(hub: Hub, one: CommitmentIn) -> Waiting:
    if one.status != "open":
        return Waiting(one, None)
    due = from_rfc3339(one.due)
    return Waiting(one, urgency(working_days(hub.reading), due, hub.clock()))


def _next(hub: Hub, state: CaseState) -> Waiting | None:
    """What is due first in a case."""
    found = next_due(state)
    return None if found is None else _waits(hub, found)


def _titles(hub: Hub, states: Iterable[CaseState]) -> Mapping[tuple[str, int], Service]:
    """The services of cases, by code and version."""
    named = {(one.service, one.version) for state in states for one in state.services}
    return {key: hub.cases.shelf.service(*key) for key in named}


def _filterable(hub: Hub, department: str | None) -> list[Service]:
    """The services that a list can be narrowed to: the department's and those delegated to it."""
    in_force = hub.cases.shelf.current().services
    if department is None:
        return [*in_force.values()]
    lent = {
        code
        for one in delegations.listing(hub.reading, department)
        if one.to == department
        for code in one.services
    }
    return [
        one
        for one in in_force.values()
        if one.department == department or not lent.isdisjoint({one.code, one.item_code})
    ]
