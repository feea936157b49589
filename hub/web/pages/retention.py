"""What is past its retention, and destroying it: the authority's page.

Counts alone are shown. One act destroys what was shown, decided by ``hub/destroying`` as for the
command; nothing of that runs in the loop. What was destroyed is told by the positions of its
entries, and whether the removal behind them is complete.
"""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.destroying.destroying import InTurn, entered
from hub.destroying.waiting import MOST_AT_ONCE, STATES, Waiting, waiting
from hub.errors import HubError, NotFound, Unprocessable
from hub.ledger.destructions import WHATS, What
from hub.ledger.holds import checked_basis
from hub.ledger.retention import CLASSES
from hub.people.permissions import Permission, may
from hub.web.pages.ask import UNPROCESSABLE
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.words import told
from hub.web.problems import status_of_error
from hub.web.session import actor_of

PATH = "/retention"
NEWEST = 100
"""Destructions that the page lists."""
_BASIS = 200


def retention_pages(console: Console) -> APIRouter:
    """The routes of retention."""
    routes = console.routes()
    hub = console.hub

    @routes.get(PATH)
    async def show(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_RETENTION)
        return await _page(console, request, visitor)

    @routes.post(f"{PATH}/{{what}}")
    async def destroy(request: Request, what: str) -> Response:
        visitor = console.visitor(request, Permission.ERASE)
        form = await console.form(request, visitor)
        kind = _kind(what)
        found = await asyncio.to_thread(waiting, hub.destructions, kind)
        wrong = _wrong(form, found)
        if wrong:
            return await _page(console, request, visitor, UNPROCESSABLE, (kind, wrong), form)
        actor, basis = actor_of(visitor.person), form.one("basis")
        done = await asyncio.to_thread(
            hub.destructions.enter_in_turn, kind, found.next, basis, actor
        )
        if done.stopped is not None:
            return _stopped(console, request, visitor, kind, done)
        return console.redirect(f"{PATH}?entered={done.entries[0]}")

    return routes


async def _page(
    console: Console,
    request: Request,
    visitor: Visitor,
    status: int = 200,
    wrong: tuple[What, dict[str, str]] | None = None,
    form: Form | None = None,
) -> Response:
    """The page; ``wrong`` are the faults of a form of a kind."""
    hub = console.hub
    found = [await asyncio.to_thread(waiting, hub.destructions, what) for what in WHATS]
    past = entered(hub.reading)
    return console.page(
        request,
        visitor,
        "retention.html",
        status,
        found=found,
        classes=CLASSES,
        years={one: hub.settings.retention.of(one) for one in CLASSES},
        states=STATES,
        may_destroy=may(visitor.person, Permission.ERASE),
        most=MOST_AT_ONCE,
        past=past[:NEWEST],
        newest=NEWEST,
        told=[one for one in past if one.entry >= _first(request)],
        wrong={} if wrong is None else dict([wrong]),
        basis="" if form is None else form.one("basis")[:_BASIS],
    )


def _stopped(
    console: Console, request: Request, visitor: Visitor, what: What, done: InTurn
) -> Response:
    """What went before something kept the rest."""
    why = done.stopped or HubError()
    title, detail = told(why.code, visitor.language, why.facts)
    return console.page(
        request,
        visitor,
        "retention_stopped.html",
        status_of_error(why),
        what=what,
        done=done,
        problem_title=title,
        detail=detail,
    )


def _kind(what: str) -> What:
    for known in WHATS:
        if what == known:
            return known
    raise NotFound(what="page")


def _wrong(form: Form, found: Waiting) -> dict[str, str]:
    """What is wrong, by field: whoever destroys names the law, and types how many go.

    What would go has to be what the form was filled in for.
    """
    if not found.next or form.one("seen") != found.seen:
        return {"seen": "due-moved"}
    wrong: dict[str, str] = {}
    try:
        checked_basis(form.one("basis"))
    except Unprocessable:
        wrong["basis"] = "destroy-basis"
    if form.one("confirm").replace(",", "") != str(len(found.next)):
        wrong["confirm"] = "destroy-confirm"
    return wrong


def _first(request: Request) -> int:
    """The first entry of the act that led here; past every entry if none did."""
    asked = request.query_params.get("entered", "")
    whole = asked.isascii() and asked.isdigit() and len(asked) <= _DIGITS
    return int(asked) if whole else 1 << 62


_DIGITS = 15
