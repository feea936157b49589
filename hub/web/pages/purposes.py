"""Purposes 用途: what data may be asked for, on which legal basis, and which grants name it."""

from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.purposes import Purpose, PurposeKind
from certs.errors import YifenError
from hub.access import admitted, purposes
from hub.errors import Conflict, Unprocessable
from hub.people.permissions import Permission, may
from hub.web.pages.ask import OK, UNPROCESSABLE
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import register_of
from hub.web.pages.words import told
from hub.web.pages.written import model
from hub.web.session import actor_of

KINDS: tuple[PurposeKind, ...] = get_args(PurposeKind)
_FIELDS = ("code", "kind", "title_zh", "title_en", "legal_basis")


def purpose_pages(console: Console) -> APIRouter:
    """The routes of purposes."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/purposes")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_ADMITTED)
        return _listing(console, request, visitor, dict.fromkeys(_FIELDS, ""))

    @routes.post("/purposes")
    async def add(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ADMIT)
        form = await console.form(request, visitor)
        filled = {name: form.one(name) for name in _FIELDS}
        try:
            asked = model(Purpose, filled)
            purposes.register(hub.changes, actor_of(visitor.person), asked)
        except (Conflict, Unprocessable) as error:
            return _listing(console, request, visitor, filled, error)
        return console.redirect(f"/purposes/{asked.code}")

    @routes.get("/purposes/{code}")
    async def one(request: Request, code: str) -> Response:
        visitor = console.visitor(request, Permission.READ_ADMITTED)
        after = request.query_params.get("after") or None
        found = admitted.purpose(hub.reading, code)
        page = admitted.users(hub.reading, code, after=after)
        return console.page(
            request,
            visitor,
            "purpose.html",
            one=found,
            users=page.rows,
            more=page.more,
            further=after is not None,
            register=register_of(hub),
            may_admit=may(visitor.person, Permission.ADMIT),
        )

    @routes.post("/purposes/{code}/status")
    async def status(request: Request, code: str) -> Response:
        visitor = console.visitor(request, Permission.ADMIT)
        form = await console.form(request, visitor)
        purposes.set_status(hub.changes, actor_of(visitor.person), code, form.one("status"))
        return console.redirect(f"/purposes/{code}")

    return routes


def _listing(
    console: Console,
    request: Request,
    visitor: Visitor,
    filled: dict[str, str],
    error: YifenError | None = None,
) -> Response:
    """The list, with the form as it was filled in if something is wrong with it."""
    after = request.query_params.get("after") or None
    page = admitted.purposes(console.hub.reading, after=after)
    wrong, status = None, OK
    if error is not None:
        _, wrong = told(error.code, visitor.language, error.facts)
        status = UNPROCESSABLE
    return console.page(
        request,
        visitor,
        "purposes.html",
        status,
        purposes=page.rows,
        more=page.more,
        further=after is not None,
        kinds=KINDS,
        may_admit=may(visitor.person, Permission.ADMIT),
        filled=filled,
        wrong=wrong,
    )
