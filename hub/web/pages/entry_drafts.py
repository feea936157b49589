"""The form of a draft: the definition in TOML, which comes back with its fault where it stands."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.errors import DefinitionRefused
from hub.calendar.corrections import working_days
from hub.catalogue import drafting, register
from hub.catalogue.entry import EntryState
from hub.catalogue.seeing import sees
from hub.errors import NotFound
from hub.people.permissions import Permission
from hub.web.pages.entries import text_of
from hub.web.pages.frame import Console, Visitor
from hub.web.session import actor_of

UNPROCESSABLE = 422


def entry_draft_pages(console: Console) -> APIRouter:
    """The routes of drafting; all for stewards."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/entries/new")
    async def blank(request: Request) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_ENTRIES)
        return _page(console, request, visitor, None, "", None)

    @routes.post("/entries/new")
    async def begin(request: Request) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_ENTRIES)
        form = await console.form(request, visitor)
        text = form.text("definition") + "\n"
        try:
            entry = drafting.begin(hub.changes, actor_of(visitor.person), text.encode())
        except DefinitionRefused as fault:
            return _page(console, request, visitor, None, text, fault)
        return console.redirect(f"/entries/{entry.code}")

    @routes.get("/entries/{code}/draft")
    async def fill(request: Request, code: str) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_ENTRIES)
        found = _own(console, visitor, code)
        return _page(console, request, visitor, found, text_of(hub, found), None)

    @routes.post("/entries/{code}/draft")
    async def redraft(request: Request, code: str) -> Response:
        visitor = console.visitor(request, Permission.DRAFT_ENTRIES)
        form = await console.form(request, visitor)
        found = _own(console, visitor, code)
        text = form.text("definition") + "\n"
        actor, version = actor_of(visitor.person), form.number("version") or 0
        calendar = working_days(hub.reading)
        try:
            drafting.redraft(hub.changes, actor, code, version, text.encode(), calendar)
        except DefinitionRefused as fault:
            return _page(console, request, visitor, found, text, fault)
        return console.redirect(f"/entries/{code}")

    return routes


def _own(console: Console, visitor: Visitor, code: str) -> EntryState:
    found = register.find(console.hub.reading, code, sees(visitor.person))
    if found.provider != visitor.person.department:
        raise NotFound(what="entry")
    return found


def _page(
    console: Console,
    request: Request,
    visitor: Visitor,
    entry: EntryState | None,
    text: str,
    fault: DefinitionRefused | None,
) -> Response:
    return console.page(
        request,
        visitor,
        "entries_draft.html",
        UNPROCESSABLE if fault else 200,
        entry=entry,
        text=text,
        fault=None if fault is None else dict(fault.facts),
    )
