"""The first page: who one is here, and what one may do."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.access import departments
from hub.applications import register
from hub.applications.duties import WHOSE, Duty
from hub.applications.seeing import sees, waiting
from hub.people.permissions import may
from hub.people.sessions import Person
from hub.web.pages.applications import READING
from hub.web.pages.frame import Console
from hub.web.pages.grants import register_of


def home_pages(console: Console) -> APIRouter:
    """The route of the first page."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/")
    async def home(request: Request) -> Response:
        visitor = console.visitor(request)
        known = {row["code"]: row for row in departments.listing(hub.reading)}
        department = known.get(visitor.person.department or "")
        reading = any(may(visitor.person, permission) for permission in READING)
        found = waiting(hub.reading, visitor.person, hub.clock()) if reading else []
        return console.page(
            request,
            visitor,
            "home.html",
            department=department,
            duties=[(duty, _own(duty, visitor.person)) for duty in found],
            waits=reading and any(may(visitor.person, needed) for needed in WHOSE.values()),
            applications=(
                {one.id: one for one in register.listing(hub.reading, sees(visitor.person))}
                if found
                else {}
            ),
            register=register_of(hub) if found else None,
        )

    return routes


def _own(duty: Duty, person: Person) -> bool:
    """Whether the person is to act; else it is only theirs to know that it is late."""
    return may(person, WHOSE[duty.what]) and duty.department == person.department
