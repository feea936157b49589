"""Reading applications 共享申请: the list, and one with all that is known of it."""

from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.definition import Dataset
from hub.applications import register
from hub.applications.acts import Act, acts
from hub.applications.application import Application, Gap, Status
from hub.applications.gaps import gaps
from hub.applications.seeing import READING, sees
from hub.calendar.corrections import working_days
from hub.errors import NotFound
from hub.people.permissions import Permission, may
from hub.runtime import Hub
from hub.web.pages.elements import at_fields
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.grants import Register, register_of

INSIDE: frozenset[Act] = frozenset({"dispute", "extension", "settlement", "withdraw"})
"""Acts that are folded away until somebody wants them: with a reason, or without a way back."""


def application_pages(console: Console) -> APIRouter:
    """The routes of reading applications."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/applications")
    async def listing(request: Request) -> Response:
        visitor = console.visitor(request, *READING)
        seen = sees(visitor.person)
        status = request.query_params.get("status", "")
        chosen = status if status in get_args(Status) else ""
        found = [one for one in register.listing(hub.reading, seen) if chosen in {"", one.status}]
        calendar, now = working_days(hub.reading), hub.clock()
        return console.page(
            request,
            visitor,
            "applications.html",
            register=register_of(hub),
            made=[one for one in found if seen in {None, one.department}],
            received=[one for one in found if seen == one.provider],
            all_departments=seen is None,
            statuses=get_args(Status),
            chosen=chosen,
            urgency={one.id: register.standing(one, calendar, now) for one in found},
            may_apply=may(visitor.person, Permission.APPLY),
        )

    @routes.get("/applications/{application}")
    async def one(request: Request, application: str) -> Response:
        visitor = console.visitor(request, *READING)
        found = register.find(hub.reading, application, sees(visitor.person))
        known = register_of(hub)
        definition = definition_of(known, found)
        lacking = gaps_of(hub, known, found, definition)
        offered = acts(visitor.person, found, hub.clock())
        return console.page(
            request,
            visitor,
            "application.html",
            register=known,
            application=found,
            definition=definition,
            wanted=in_order(found.elements.items, definition),
            lacking=at_fields(lacking, visitor.language),
            offered=offered - ({"sign"} if lacking else set()),
            inside=INSIDE,
            urgency=register.standing(found, working_days(hub.reading), hub.clock()),
            grant_seen=_sees_grant(visitor, found),
        )

    return routes


def definition_of(known: Register, application: Application) -> Dataset:
    """The definition of what is applied for; raises ``NotFound``."""
    definition = known.definitions.get(application.dataset)
    if definition is None:
        raise NotFound(what="dataset")
    return definition


def in_order(codes: tuple[str, ...], definition: Dataset) -> list[str]:
    """Items in the order of the definition; those that it no longer has come last."""
    known = [item.code for item in definition.items if item.code in codes]
    return known + [code for code in codes if code not in definition.by_code]


def gaps_of(
    hub: Hub, known: Register, application: Application, definition: Dataset
) -> tuple[Gap, ...]:
    """What still stands against signing an application; nothing once it is signed."""
    if application.status not in {"draft", "returned"}:
        return ()
    active = {code for code, row in known.purposes.items() if row["status"] == "active"}
    return gaps(application.elements, definition, active.__contains__, hub.clock())


def _sees_grant(visitor: Visitor, application: Application) -> bool:
    if may(visitor.person, Permission.READ_ALL_GRANTS):
        return True
    own = visitor.person.department == application.department
    wanted = Permission.READ_OWN_GRANTS if own else Permission.READ_GIVEN_GRANTS
    return may(visitor.person, wanted)
