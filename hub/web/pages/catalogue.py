"""The catalogue's pages: find, read an entry; and the same address as Turtle or JSON-LD."""

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.definition import FAMILIES
from catalog.entry import Entry
from hub.access import departments
from hub.catalogue.asked import MEMBERS, read_wanted
from hub.catalogue.shelf import Shelf
from hub.web.catalogue_routes import FORMS, JSON_LD, TURTLE, harvested, harvested_one
from hub.web.pages.frame import Console
from hub.web.session import person_of

PAGE = 50
"""Entries on one page."""
_HTML = "text/html"


def catalogue_pages(console: Console, shelf: Shelf) -> APIRouter:
    """The routes of the catalogue."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/catalogue")
    async def find(request: Request) -> Response:
        form = _preferred(request)
        if form != _HTML:
            person_of(request, hub)
            return await harvested(hub, shelf, form)
        visitor = console.visitor(request)
        wanted = read_wanted(request.query_params)
        finder = await shelf.finder()
        hits = finder.find(wanted)
        page = _number(request.query_params.get("page", ""))
        shown = hits[(page - 1) * PAGE : page * PAGE]
        kept: dict[str, str] = {name: request.query_params.get(name, "") for name in MEMBERS}
        return console.page(
            request,
            visitor,
            "catalogue.html",
            asked=kept,
            count=len(hits),
            departments=departments.listing(hub.reading),
            families=FAMILIES,
            found=[(hit.entry, finder.named(hit.entry, wanted.text)) for hit in shown],
            following=_link(kept, page + 1) if len(hits) > page * PAGE else None,
            previous=_link(kept, page - 1) if page > 1 else None,
        )

    @routes.get("/catalogue.{suffix}")
    async def export(request: Request, suffix: str) -> Response:
        person_of(request, hub)
        return await harvested(hub, shelf, FORMS.get(suffix, ""))

    @routes.get("/catalogue/{code}.{suffix}")
    async def export_one(request: Request, code: str, suffix: str) -> Response:
        person_of(request, hub)
        return await harvested_one(hub, await shelf.entry(code), FORMS.get(suffix, ""))

    @routes.get("/catalogue/{code}")
    async def one(request: Request, code: str) -> Response:
        form = _preferred(request)
        if form != _HTML:
            person_of(request, hub)
            return await harvested_one(hub, await shelf.entry(code), form)
        visitor = console.visitor(request)
        entry: Entry = await shelf.entry(code)
        return console.page(request, visitor, "catalogue_entry.html", entry=entry)

    return routes


def _preferred(request: Request) -> str:
    """The form that the ``Accept`` header likes best; HTML where it does not care (RFC 9110)."""
    offers: Sequence[str] = (_HTML, TURTLE, JSON_LD)
    liked = _weights(request.headers.get("accept", ""))
    best = max(offers, key=lambda form: liked.get(form, liked.get("*/*", 0.0)))
    return best if liked.get(best, 0.0) > liked.get(_HTML, 0.0) else _HTML


def _weights(accept: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in accept[:1000].split(","):
        form, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        weights[form.lower()] = weight
    return weights


def _number(text: str) -> int:
    """The number of a page; the first for what is none."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 5 else 1  # noqa: PLR2004 pages


def _link(kept: dict[str, str], page: int) -> str:
    asked = [(name, value) for name, value in kept.items() if value]
    return f"/catalogue?{urlencode([*asked, ('page', str(page))])}"
