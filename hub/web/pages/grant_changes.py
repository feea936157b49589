"""Issuing and changing grants: filled in, looked over as a whole, then confirmed."""

from collections import defaultdict

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.access import grants
from hub.access.grant import Grant, GrantStatus
from hub.clock import DAY
from hub.errors import Conflict, NotFound
from hub.people.permissions import Permission
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import Register, register_of
from hub.web.pages.terms import TermsForm, choices
from hub.web.session import actor_of

NEW = "/grants/new"
YEAR = 365 * DAY
"""A new grant is proposed for a year: whoever wants longer writes it down."""
UNPROCESSABLE = 422

_ACTS: dict[str, GrantStatus] = {
    "suspend": "suspended",
    "resume": "active",
    "revoke": "revoked",
}


def grant_change_pages(console: Console) -> APIRouter:
    """The routes that change grants; all for administrators."""
    routes = console.routes()
    _issue_routes(console, routes)
    _change_routes(console, routes)
    _standing_routes(console, routes)
    return routes


def _issue_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get(NEW)
    async def new(request: Request) -> Response:
        visitor = console.visitor(request, Permission.CHANGE_GRANTS)
        register = register_of(hub)
        department = request.query_params.get("department", "")
        dataset = request.query_params.get("dataset", "")
        if department not in register.departments or dataset not in register.definitions:
            return console.page(
                request,
                visitor,
                "grant_pair.html",
                register=register,
                department=department,
                dataset=dataset,
            )
        now = hub.clock()
        filled = TermsForm.empty(department, dataset, now, now + YEAR)
        return _form(console, request, visitor, register, filled, None)

    @routes.post(NEW)
    async def issue(request: Request) -> Response:
        visitor = console.visitor(request, Permission.CHANGE_GRANTS)
        form = await console.form(request, visitor)
        register = register_of(hub)
        department, dataset = form.one("department"), form.one("dataset")
        if department not in register.departments or dataset not in register.definitions:
            raise NotFound(what="dataset")
        filled = TermsForm.read(form, department, dataset)
        step = form.one("step")
        if step != "confirm":
            return _form(console, request, visitor, register, filled, None, step)
        wrong = filled.wrong(register.definitions[dataset])
        if wrong:
            return _form(console, request, visitor, register, filled, None, "review")
        grant = grants.issue(hub.changes, actor_of(visitor.person), filled.terms())
        return console.redirect(f"/grants/{grant.id}")


def _change_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/grants/{grant_id}/change")
    async def fill(request: Request, grant_id: str) -> Response:
        visitor = console.visitor(request, Permission.CHANGE_GRANTS)
        grant = _changeable(grants.find(hub.reading, grant_id))
        filled = TermsForm.of_grant(grant)
        return _form(console, request, visitor, register_of(hub), filled, grant)

    @routes.post("/grants/{grant_id}/change")
    async def change(request: Request, grant_id: str) -> Response:
        visitor = console.visitor(request, Permission.CHANGE_GRANTS)
        form = await console.form(request, visitor)
        grant = _changeable(grants.find(hub.reading, grant_id))
        register = register_of(hub)
        filled = TermsForm.read(form, grant.department, grant.dataset)
        step = form.one("step")
        wrong = filled.wrong(register.definitions[grant.dataset])
        if step != "confirm" or wrong:
            shown = "review" if step == "confirm" else step
            return _form(console, request, visitor, register, filled, grant, shown)
        actor = actor_of(visitor.person)
        grants.change(hub.changes, actor, grant_id, filled.terms(), filled.version)
        return console.redirect(f"/grants/{grant_id}")


def _standing_routes(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/grants/{grant_id}/{act}")
    async def confirm(request: Request, grant_id: str, act: str) -> Response:
        visitor = console.visitor(request, Permission.CHANGE_GRANTS)
        grant = _changeable(grants.find(hub.reading, grant_id))
        if act not in _ACTS:
            raise NotFound(what="page")
        return console.page(
            request,
            visitor,
            "grant_confirm.html",
            register=register_of(hub),
            grant=grant,
            act=act,
        )

    @routes.post("/grants/{grant_id}/{act}")
    async def act_on(request: Request, grant_id: str, act: str) -> Response:
        visitor = console.visitor(request, Permission.CHANGE_GRANTS)
        form = await console.form(request, visitor)
        if act not in _ACTS:
            raise NotFound(what="page")
        grant = _changeable(grants.find(hub.reading, grant_id))
        if grant.version != form.number("version"):
            raise Conflict(why="version")
        grants.set_status(hub.changes, actor_of(visitor.person), grant_id, _ACTS[act])
        return console.redirect(f"/grants/{grant_id}")


def _changeable(grant: Grant) -> Grant:
    if grant.status == "revoked":
        raise Conflict(why="revoked")
    return grant


def _form(
    console: Console,
    request: Request,
    visitor: Visitor,
    register: Register,
    filled: TermsForm,
    grant: Grant | None,
    step: str = "edit",
) -> Response:
    """The form, or the whole of it to look over once it is filled in soundly."""
    definition = register.definitions[filled.dataset]
    wrong = filled.wrong(definition) if step == "review" else {}
    if step == "review" and not wrong:
        return console.page(
            request,
            visitor,
            "grant_review.html",
            register=register,
            filled=filled,
            definition=definition,
            before=None if grant is None else TermsForm.of_grant(grant),
            grant=grant,
        )
    return console.page(
        request,
        visitor,
        "grant_form.html",
        UNPROCESSABLE if wrong else 200,
        register=register,
        filled=filled,
        definition=definition,
        choices={item.code: choices(item) for item in definition.items},
        grant=grant,
        wrong=defaultdict(str, wrong),
    )
