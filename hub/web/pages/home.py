"""The first page: who one is here, and what one may do."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.access import departments
from hub.cases.seeing import READING
from hub.duties.waiting import has_list, waiting
from hub.people.duty import About, Duty
from hub.people.permissions import may
from hub.people.sessions import Person
from hub.usage.duties import source as grant_source
from hub.web.pages.frame import Console
from hub.web.pages.grants import register_of

PAGE: dict[About, str] = {
    "application": "/applications/",
    "case": "/cases/",
    "catalogue": "/entries/",
    "delegation": "/delegations/",
    "grant": "/grants/",
    "objection": "/objections/",
}
"""Where the page of each kind of thing is; its id follows."""


def home_pages(console: Console) -> APIRouter:
    """The route of the first page."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/")
    async def home(request: Request) -> Response:
        visitor = console.visitor(request)
        known = {row["code"]: row for row in departments.listing(hub.reading)}
        department = known.get(visitor.person.department or "")
        waits = has_list(visitor.person)
        more = grant_source(hub.settings.grants)
        found = waiting(hub.reading, visitor.person, hub.clock(), more) if waits else []
        return console.page(
            request,
            visitor,
            "home.html",
            department=department,
            duties=[(duty, _own(duty, visitor.person)) for duty in found],
            pages=_pages(visitor.person),
            waits=waits,
            register=register_of(hub) if found else None,
        )

    return routes


def _pages(person: Person) -> Mapping[str, str]:
    """The pages that the person may open: the authority is told that a case is late, no more."""
    sees = any(may(person, permission) for permission in READING)
    return {about: page for about, page in PAGE.items() if about != "case" or sees}


def _own(duty: Duty, person: Person) -> bool:
    """Whether the person is to act; else it is only theirs to know that it is late."""
    return may(person, duty.needs) and duty.department == person.department
