"""Reading delegations 委托, and the acts on one that need a button and at most a reason."""

from collections.abc import Callable
from typing import TypeAlias

import orjson
from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.rows import told_by
from hub.delegation import acts, register
from hub.delegation.delegation import Delegation, Reason
from hub.delegation.seeing import READING, sees
from hub.errors import Unprocessable
from hub.people.permissions import Permission, may
from hub.runtime import Hub
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import register_of
from hub.web.session import actor_of

_REASON: TypeAdapter[str] = TypeAdapter(Reason)
_SHOWN = 50
"""Entries of what was asked that the page shows."""
Doing: TypeAlias = Callable[[Hub, Visitor, str, int, Form], object]


def delegation_pages(console: Console) -> APIRouter:
    """The routes of reading delegations, and of their acts."""
    routes = console.routes()
    _reading_pages(console, routes)
    for act, (permissions, doing) in _ACTS.items():
        _act(console, routes, act, permissions, doing)
    return routes


def _reading_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/delegations")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, *READING)
        seen = sees(visitor.person)
        found = register.listing(hub.reading, seen)
        return console.page(
            request,
            visitor,
            "delegations.html",
            register=register_of(hub),
            given=[one for one in found if seen in {None, one.department}],
            received=[one for one in found if seen == one.to],
            all_departments=seen is None,
            now=hub.clock(),
            may_draft=may(visitor.person, Permission.DRAFT_DELEGATIONS),
        )

    @routes.get("/delegations/{delegation}")
    async def one(request: Request, delegation: str) -> Response:
        visitor = console.visitor(request, *READING)
        found = register.find(hub.reading, delegation, sees(visitor.person))
        return console.page(
            request,
            visitor,
            "delegation.html",
            register=register_of(hub),
            delegation=found,
            asked=_asked(hub, found),
            used=register.used_today(hub.reading, found, hub.clock()),
            offered=acts.acts(visitor.person, found, hub.clock()),
            now=hub.clock(),
        )


def _asked(hub: Hub, found: Delegation) -> list[dict[str, object]]:
    """What was asked under it, the newest first: as the entries' *control* tells."""
    rows: list[dict[str, object]] = []
    for entry in register.asked_under(hub.reading, found, None, _SHOWN):
        leaf = orjson.loads(entry.leaf)
        told = told_by(leaf["kind"], orjson.loads(entry.control))
        rows.append(
            {"index": entry.index, "time": leaf["time"], "kind": leaf["kind"], "told": told}
        )
    return rows


def _act(
    console: Console,
    routes: APIRouter,
    act: str,
    permissions: tuple[Permission, ...],
    doing: Doing,
) -> None:
    @routes.post(f"/delegations/{{delegation}}/{act}")
    async def perform(request: Request, delegation: str) -> Response:
        visitor = console.visitor(request, *permissions)
        form = await console.form(request, visitor)
        doing(console.hub, visitor, delegation, form.number("version") or 0, form)
        return console.redirect(f"/delegations/{delegation}")


def _sign(hub: Hub, visitor: Visitor, delegation: str, version: int, _: Form) -> object:
    most = hub.settings.delegation_days
    return acts.sign(hub.changes, actor_of(visitor.person), delegation, version, most)


def _accept(hub: Hub, visitor: Visitor, delegation: str, version: int, _: Form) -> object:
    return acts.accept(hub.changes, actor_of(visitor.person), delegation, version)


def _revoke(hub: Hub, visitor: Visitor, delegation: str, version: int, form: Form) -> object:
    try:
        reason = _REASON.validate_python(form.text("reason"))
    except ValidationError as error:
        raise Unprocessable(why="reason") from error
    authority = may(visitor.person, Permission.END_DELEGATIONS)
    actor = actor_of(visitor.person)
    return acts.revoke(hub.changes, actor, delegation, version, reason, authority=authority)


_ACTS: dict[str, tuple[tuple[Permission, ...], Doing]] = {
    "sign": ((Permission.DELEGATE,), _sign),
    "accept": ((Permission.DELEGATE,), _accept),
    "revoke": ((Permission.DELEGATE, Permission.END_DELEGATIONS), _revoke),
}
