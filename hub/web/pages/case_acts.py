"""The acts of a case on the console; the answer of each is the case's page with its content.

Every act names the version that the officer saw, and is an entry that names the officer.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias, get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.cases import acts, commitments, kept
from hub.cases.asked import PartyId
from hub.cases.commitments import Outcome as Settled
from hub.cases.desk import Desk, Handler
from hub.cases.opening import Opened
from hub.cases.state import Result
from hub.errors import Unprocessable
from hub.people.permissions import Permission
from hub.web.pages import case_form
from hub.web.pages.cases import Outcome, handler_for, register_for, shown
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor

_RESULTS: tuple[Result, ...] = get_args(Result)
_LONGEST_REASON = 2000
_SETTLED: tuple[Settled, ...] = get_args(Settled)


class Order(NamedTuple):
    """An act that is wanted: by whom, on which case in which version, and what the form says."""

    desk: Desk
    handler: Handler
    case: str
    version: int
    form: Form


Doing: TypeAlias = Callable[[Order], Opened | acts.Reviewed]


def case_act_pages(console: Console) -> APIRouter:
    """The routes of acts; all for officers."""
    routes = console.routes()
    for act, doing in _ACTS.items():
        _act(console, routes, act, doing)
    _supplement(console, routes)
    return routes


def _act(console: Console, routes: APIRouter, act: str, doing: Doing) -> None:
    @routes.post(f"/cases/{{case}}/{act}")
    async def perform(request: Request, case: str) -> Response:
        visitor, order = await _ordered(console, request, case)
        return _done(console, request, visitor, act, doing(order))


def _supplement(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.post("/cases/{case}/supplement")
    async def supplement(request: Request, case: str) -> Response:
        visitor, order = await _ordered(console, request, case)
        state = kept.state_of(hub.reading, case, visitor.person.department or "")
        services = tuple(register_for(hub, state).services.values())
        filled = case_form.supplement(order.form, services)
        if filled.wrong:
            opened = acts.read(order.desk, order.handler, case)
            return shown(console, request, visitor, opened.state, opened, again=filled)
        # An empty field is taken out, so that all of them are said.
        given = {one.code: filled.given.get(one.code, "") for one in case_form.fields(services)}
        parties: Mapping[str, PartyId | None] = filled.parties
        done = acts.supplement(order.desk, order.handler, case, order.version, parties, given)
        return _done(console, request, visitor, "supplement", done)


async def _ordered(console: Console, request: Request, case: str) -> tuple[Visitor, Order]:
    """Who acts, on what; raises ``Forbidden``, ``FormStale`` or ``Unprocessable``."""
    visitor = console.visitor(request, Permission.OPEN_CASES)
    form = await console.form(request, visitor)
    handler = handler_for(console.hub, visitor, {"case": case, "version": form.one("version")})
    return visitor, Order(console.hub.cases, handler, case, form.number("version") or 0, form)


def _done(
    console: Console,
    request: Request,
    visitor: Visitor,
    act: str,
    done: Opened | acts.Reviewed,
) -> Response:
    if isinstance(done, acts.Reviewed):
        outcome = Outcome(act, done.fallen, done.lacking)
        return shown(console, request, visitor, done.opened.state, done.opened, outcome)
    return shown(console, request, visitor, done.state, done, Outcome(act))


def _review(order: Order) -> acts.Reviewed:
    return acts.review(order.desk, order.handler, order.case, order.version)


def _withdraw(order: Order) -> Opened:
    return acts.withdraw(order.desk, order.handler, order.case, order.version)


def _bring(order: Order) -> Opened:
    """A paper is handed in once for all the services that ask for it; each is an entry."""
    filed, version = order.form.one("filed") or None, order.version
    done: Opened | None = None
    for one in _required(order.form):
        done = acts.bring(order.desk, order.handler, order.case, version, one, filed)
        version = done.state.version
    if done is None:
        raise Unprocessable(why="none-chosen")
    return done


def _commit(order: Order) -> Opened:
    promised = _required(order.form)
    if not promised:
        raise Unprocessable(why="none-chosen")
    return commitments.commit(order.desk, order.handler, order.case, order.version, promised)


def _settle(order: Order) -> Opened:
    form = order.form
    outcome = next((one for one in _SETTLED if one == form.one("outcome")), None)
    if outcome is None:
        raise Unprocessable(why="outcome")
    number = form.number("number") or 0
    return commitments.settle(order.desk, order.handler, order.case, order.version, number, outcome)


def _conclude(order: Order) -> acts.Reviewed:
    result = next((one for one in _RESULTS if one == order.form.one("result")), None)
    if result is None:
        raise Unprocessable(why="outcome")
    reason = order.form.text("reason")
    if not 0 < len(reason) <= _LONGEST_REASON:
        raise Unprocessable(why="reason")
    conclusion = acts.Conclusion(result, reason)
    return acts.conclude(order.desk, order.handler, order.case, order.version, conclusion)


def _required(form: Form) -> list[tuple[str, str]]:
    """Materials of services, as forms name them: those of one paper stand together."""
    named = dict.fromkeys(one for said in form.many("required") for one in said.split())
    parted = (one.partition("/") for one in named)
    return [(service, material) for service, _, material in parted]


_ACTS: Mapping[str, Doing] = {
    "review": _review,
    "materials": _bring,
    "commitments": _commit,
    "outcome": _settle,
    "conclude": _conclude,
    "withdraw": _withdraw,
}
