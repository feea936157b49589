"""The first page: who one is here, and what one may do."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.access import departments
from hub.web.pages.frame import Console


def home_pages(console: Console) -> APIRouter:
    """The route of the first page."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/")
    async def home(request: Request) -> Response:
        visitor = console.visitor(request)
        known = {row["code"]: row for row in departments.listing(hub.reading)}
        department = known.get(visitor.person.department or "")
        return console.page(request, visitor, "home.html", department=department)

    return routes
