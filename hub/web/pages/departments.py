"""Departments 部门 and their connectors: admitted, invited, suspended; an invitation shown once."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from certs.errors import YifenError
from hub.access import admitted, connectors, departments
from hub.access.connectors import INVITATION_DAYS, urn_of
from hub.clock import DAY
from hub.errors import Conflict, NotFound, Unprocessable
from hub.people.permissions import Permission, may
from hub.web.pages.ask import OK, UNPROCESSABLE
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.words import told
from hub.web.pages.written import model
from hub.web.people_routes import DepartmentBody
from hub.web.session import actor_of

SOON = 30 * DAY
"""A certificate that ends within this is marked."""
_FIELDS = ("code", "title_zh", "title_en")


def department_pages(console: Console) -> APIRouter:
    """The routes of departments."""
    routes = console.routes()
    _listing_routes(console, routes)
    _department_routes(console, routes)
    _connector_routes(console, routes)
    return routes


def _listing_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/departments")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, Permission.READ_ADMITTED)
        return _listing(console, request, visitor, dict.fromkeys(_FIELDS, ""))

    @routes.post("/departments")
    async def admit(request: Request) -> Response:
        visitor = console.visitor(request, Permission.ADMIT)
        form = await console.form(request, visitor)
        filled = {name: form.one(name) for name in _FIELDS}
        try:
            asked = model(DepartmentBody, filled)
            departments.admit(
                hub.changes, actor_of(visitor.person), asked.code, asked.title_zh, asked.title_en
            )
        except (Conflict, Unprocessable) as error:
            return _listing(console, request, visitor, filled, error)
        return console.redirect(f"/departments/{asked.code}")


def _department_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/departments/{code}")
    async def one(request: Request, code: str) -> Response:
        visitor = console.visitor(request, Permission.READ_ADMITTED)
        now, after = hub.clock(), request.query_params.get("after") or None
        found = admitted.department(hub.reading, code)
        page = admitted.connectors(hub.reading, code, now, after=after)
        return console.page(
            request,
            visitor,
            "department.html",
            one=found,
            connectors=page.rows,
            more=page.more,
            further=after is not None,
            now=now,
            soon=now + SOON,
            lately=admitted.LATELY,
            may_admit=may(visitor.person, Permission.ADMIT),
            days=INVITATION_DAYS,
        )

    @routes.post("/departments/{code}/status")
    async def status(request: Request, code: str) -> Response:
        visitor = console.visitor(request, Permission.ADMIT)
        form = await console.form(request, visitor)
        departments.set_status(hub.changes, actor_of(visitor.person), code, form.one("status"))
        return console.redirect(f"/departments/{code}")


def _connector_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.post("/departments/{code}/invitations")
    async def invite(request: Request, code: str) -> Response:
        visitor = console.visitor(request, Permission.ADMIT)
        form = await console.form(request, visitor)
        name, actor = form.one("name"), actor_of(visitor.person)
        invitation = connectors.invite(hub.changes, actor, hub.trust, code, name)
        # Not led elsewhere: it stands on this one answer, which nothing keeps, and in no address.
        return console.page(
            request,
            visitor,
            "invitation.html",
            one=admitted.department(hub.reading, code),
            name=name,
            invitation=invitation,
            days=INVITATION_DAYS,
        )

    @routes.post("/departments/{code}/connectors/{name}/status")
    async def status(request: Request, code: str, name: str) -> Response:
        visitor = console.visitor(request, Permission.ADMIT)
        form = await console.form(request, visitor)
        urn, actor = urn_of(hub.settings, code, name), actor_of(visitor.person)
        connectors.set_status(hub.changes, actor, urn, form.one("status"))
        return console.redirect(f"/departments/{code}")

    @routes.post("/departments/{code}/connectors/{name}/revoke")
    async def revoke(request: Request, code: str, name: str) -> Response:
        visitor = console.visitor(request, Permission.ADMIT)
        form = await console.form(request, visitor)
        keyid = form.one("keyid")
        if not admitted.certified(hub.reading, urn_of(hub.settings, code, name), keyid):
            raise NotFound(what="certificate")
        connectors.revoke_certificate(hub.changes, actor_of(visitor.person), keyid)
        return console.redirect(f"/departments/{code}")


def _listing(
    console: Console,
    request: Request,
    visitor: Visitor,
    filled: dict[str, str],
    error: YifenError | None = None,
) -> Response:
    """The list, with the form as it was filled in if something is wrong with it."""
    after = request.query_params.get("after") or None
    page = admitted.departments(console.hub.reading, after=after)
    wrong, status = None, OK
    if error is not None:
        _, wrong = told(error.code, visitor.language, error.facts)
        status = UNPROCESSABLE
    return console.page(
        request,
        visitor,
        "departments.html",
        status,
        departments=page.rows,
        more=page.more,
        further=after is not None,
        may_admit=may(visitor.person, Permission.ADMIT),
        filled=filled,
        wrong=wrong,
    )
