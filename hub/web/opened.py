"""Entries that are opened: those that name a department to it, those of a restore to everyone."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from certs.canonical import Json
from hub.ledger.checkpoint import newest
from hub.ledger.openable import PAGE, opened_after, opened_at
from hub.ledger.origin import Origin, origins
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.signed import signed_call

_After = Annotated[int, Query(ge=-1, lt=1 << 62)]
_Limit = Annotated[int, Query(ge=1, le=PAGE)]


def opened_routes(hub: Hub) -> APIRouter:
    """The routes of opened entries."""
    routes = APIRouter()

    @routes.get("/v1/ledger/opened")
    async def opened(request: Request, after: _After = -1, limit: _Limit = PAGE) -> Response:
        call = await signed_call(request, hub)
        published = newest(hub.reading)
        below = 0 if published is None else published.size
        found = opened_after(hub.reading, call.caller.department, after, below, limit)
        return answer({"entries": [entry.told() for entry in found]})

    @routes.get("/ledger/origins")
    async def named() -> JSONResponse:
        names = origins(hub.reading, hub.settings.name)
        return answer({"origins": [_told(hub, name) for name in names]})

    return routes


def _told(hub: Hub, name: Origin) -> dict[str, Json]:
    """A name of the log; of a later one also its first entry, which says what was lost."""
    told: dict[str, Json] = {"first": name.first, "number": name.number, "origin": name.text}
    entry = opened_at(hub.reading, name.first) if name.number > 1 else None
    return told if entry is None else told | entry.told()
