"""What a stranger sees who reads the square code on a printed licence: the minimum, and whether."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.item import Item
from catalog.licences.metadata import metadata
from certs.encoding import rfc3339
from hub.errors import NotFound
from hub.licences.papers import Seen
from hub.materials.records import today_of
from hub.web.front import address_of
from hub.web.pages.frame import Console

NO_INDEX = "noindex, nofollow, noarchive"


def licence_pages(console: Console) -> APIRouter:
    """The one public page."""
    routes = console.routes()
    hub = console.hub

    @routes.get("/licences/{code}")
    async def paper(request: Request, code: str) -> Response:
        address = address_of(request.scope)
        hub.door.enter(address)
        try:
            seen = hub.papers.by_code(code)
        except NotFound:
            hub.attempts.failed(address, "licence-paper-unknown")
            raise
        response = console.page(
            request,
            None,
            "licence.html",
            seen=seen,
            rows=rows_of(seen, console.language(request)),
            early=early_of(seen, today_of(hub.clock())),
            good=seen.status.value == "01",
            printed=rfc3339(seen.printed),
        )
        response.headers["x-robots-tag"] = NO_INDEX
        response.headers["referrer-policy"] = "no-referrer"
        return response

    return routes


def early_of(seen: Seen, today: str) -> bool:
    """Whether its first day is still to come: in force by its status, and good for nothing yet."""
    return dict(seen.shown).get("valid_from", "") > today


def rows_of(seen: Seen, language: str) -> list[tuple[str, str]]:
    """Titles and values; of a code its title."""
    known: dict[str, Item] = {**metadata(), **seen.kind.by_code}
    rows: list[tuple[str, str]] = []
    for code, value in seen.shown:
        item = known[code]
        label = (item.codes or {}).get(value)
        title, said = item.title_zh, label.zh if label else value
        if language == "en":
            title, said = item.title_en, label.en if label else value
        rows.append((title, said))
    return rows
