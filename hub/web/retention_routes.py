"""The JSON routes of retention: what can be erased, erasing it, and holds against it.

Whoever erases cannot release a hold, so nobody destroys alone what somebody wanted kept.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.destroying.destroying import entered as destroyed
from hub.ledger import holds
from hub.ledger.destructions import MOST as MOST_DESTROYED
from hub.ledger.destructions import What
from hub.ledger.erasure import entered
from hub.ledger.retention import Retention
from hub.ledger.spans import MOST
from hub.people.permissions import Permission
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.person_request import Line, Strict, allowed, given

MOST_TOLD = 1000
"""Contents in one answer; what is past beyond them is counted."""
_Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}$")]
_Id = Annotated[str, StringConstraints(pattern=r"^(m-[0-9a-f]{32}|C-[0-9a-f]{16})$")]
_Pair = Annotated[list[int], Field(min_length=2, max_length=2)]


class ErasureBody(Strict):
    """A class and month to erase, and by what law."""

    retention: Retention
    month: _Month
    basis: Line


class DestructionBody(Strict):
    """Contents to destroy, each by its name, and by what law."""

    what: What
    ids: Annotated[list[_Id], Field(min_length=1, max_length=MOST_DESTROYED)]
    basis: Line


class HoldBody(Strict):
    """Entries to hold, each pair the first position and how many; and why."""

    basis: Line
    entries: Annotated[list[_Pair], Field(min_length=1, max_length=MOST)]


class ReleaseBody(Strict):
    """A hold only ever ends."""

    status: Literal["released"]


def retention_routes(hub: Hub) -> APIRouter:
    """The routes of retention, erasure and holds."""
    routes = APIRouter(prefix="/v1")
    _erasure_routes(hub, routes)
    _content_routes(hub, routes)
    _hold_routes(hub, routes)
    return routes


def _erasure_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/retention")
    async def retention(request: Request) -> Response:
        allowed(request, hub, Permission.READ_RETENTION)
        months = await asyncio.to_thread(hub.erasures.months)
        told: list[Json] = [
            {
                "month": one.month,
                "retention": one.retention,
                "state": one.state,
                "until": rfc3339(one.until),
            }
            for one in months
        ]
        erasures: list[Json] = [
            {
                "complete": one.complete,
                "done": one.done,
                "entry": one.entry,
                "listed": one.listed,
                "month": one.month,
                "retention": one.retention,
            }
            for one in entered(hub.reading)
        ]
        return answer({"erasures": erasures, "months": told})

    @routes.post("/retention/erasures")
    async def erase(request: Request) -> Response:
        actor = allowed(request, hub, Permission.ERASE)
        asked = await given(request, hub, ErasureBody)
        entries = await asyncio.to_thread(
            hub.erasures.enter, asked.retention, asked.month, asked.basis, actor
        )
        return answer({"entries": [*entries]}, 202)


def _content_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.get("/retention/contents")
    async def contents(request: Request, what: Annotated[What, Query()] = "material") -> Response:
        allowed(request, hub, Permission.READ_RETENTION)
        found = await asyncio.to_thread(hub.destructions.past, what)
        told: list[Json] = [
            {**one._asdict(), "until": rfc3339(one.until)} for one in found[:MOST_TOLD]
        ]
        destructions: list[Json] = [
            {
                "complete": one.complete,
                "entry": one.entry,
                "listed": one.listed,
                "what": one.what,
            }
            for one in destroyed(hub.reading)
        ]
        return answer({"contents": told, "destructions": destructions, "past": len(found)})

    @routes.post("/retention/destructions")
    async def destroy(request: Request) -> Response:
        actor = allowed(request, hub, Permission.ERASE)
        asked = await given(request, hub, DestructionBody)
        entry = await asyncio.to_thread(
            hub.destructions.enter, asked.what, asked.ids, asked.basis, actor
        )
        return answer({"entry": entry}, 202)


def _hold_routes(hub: Hub, routes: APIRouter) -> None:
    @routes.post("/holds")
    async def place(request: Request) -> Response:
        actor = allowed(request, hub, Permission.HOLD)
        asked = await given(request, hub, HoldBody)
        spans = [(first, first + count) for first, count in asked.entries]
        hold, entry = holds.place(hub.changes, hub.store.connection, actor, asked.basis, spans)
        return answer({"entry": entry, "id": hold.id}, 201)

    @routes.get("/holds")
    async def list_holds(request: Request) -> Response:
        allowed(request, hub, Permission.READ_RETENTION)
        return answer({"holds": [hold.state() for hold in holds.listing(hub.reading)]})

    @routes.put("/holds/{hold}/status")
    async def release(request: Request, hold: str) -> Response:
        actor = allowed(request, hub, Permission.RELEASE_HOLDS)
        await given(request, hub, ReleaseBody)
        entry = holds.release(hub.changes, hub.store.connection, actor, hold)
        return answer({"entry": entry})
