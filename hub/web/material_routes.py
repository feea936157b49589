"""The routes of materials: filed by connectors in pieces, and given in pieces under a view.

The files of licences go through the same door.
"""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from certs.canonical import Json, parse
from hub.errors import NotFound
from hub.materials import register
from hub.materials.metadata import Announced
from hub.materials.sealed import PIECE
from hub.materials.uploads import Sender
from hub.runtime import Hub
from hub.web.json_body import answer, read_body_as
from hub.web.signed import SignedCall, signed_call

_Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
_MOST = 64 * 1024
_DEPTH = 8
CREATED = 201
OCTETS = "application/octet-stream"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BeginBody(Announced):
    """A file that is about to come, under a token of its sender's."""

    token: _Token


class StatusBody(_Strict):
    """What is to become of a material."""

    status: Literal["usable", "suspended", "withdrawn"]


class PieceBody(_Strict):
    """A piece of what was viewed; ``result`` is the answer to that view."""

    request_id: _Token
    result: dict[str, JsonValue]
    part: Literal["file", "thumbnail"] = "file"
    number: Annotated[int, Field(strict=True, ge=0)] = 0


def material_routes(hub: Hub) -> APIRouter:
    """The routes that connectors call."""
    routes = APIRouter(prefix="/v1")
    read = {"max_bytes": _MOST, "max_depth": hub.settings.limits.json_depth}

    @routes.post("/datasets/{code}/materials")
    async def begin(request: Request, code: str) -> Response:
        call = await signed_call(request, hub)
        given = read_body_as(BeginBody, call.body, **read)
        announced = Announced.model_validate(given.model_dump(exclude={"token"}))
        begun = hub.materials.begin(code, announced, given.token, sender_of(call))
        told: dict[str, Json] = {
            "piece_bytes": begun.piece_bytes,
            "pieces": begun.pieces,
            "state": begun.state,
            "upload": begun.upload,
        }
        return answer(told, CREATED if begun.new else 200)

    @routes.put("/uploads/{upload}/pieces/{number}")
    async def receive(request: Request, upload: str, number: int) -> Response:
        call = await signed_call(request, hub, limit=PIECE)
        await hub.materials.receive(upload, number, call.body, sender_of(call))
        return answer({"received": number})

    @routes.get("/uploads/{upload}")
    async def received(request: Request, upload: str) -> Response:
        call = await signed_call(request, hub)
        return answer(await hub.materials.received(upload, sender_of(call)))

    @routes.post("/uploads/{upload}/complete")
    async def complete(request: Request, upload: str) -> Response:
        call = await signed_call(request, hub)
        return answer(await hub.materials.complete(upload, sender_of(call)))

    @routes.delete("/uploads/{upload}")
    async def withdraw(request: Request, upload: str) -> Response:
        call = await signed_call(request, hub)
        return answer(await hub.materials.withdraw(upload, sender_of(call)))

    _given_routes(hub, routes)
    return routes


def _given_routes(hub: Hub, routes: APIRouter) -> None:
    read = {"max_bytes": _MOST, "max_depth": hub.settings.limits.json_depth}

    @routes.put("/materials/{material}/status")
    async def status(request: Request, material: str) -> Response:
        call = await signed_call(request, hub)
        given = read_body_as(StatusBody, call.body, **read)
        entry = register.set_status(hub.changes, call.actor, material, given.status)
        return answer({"entry": entry})

    @routes.post("/materials/piece")
    async def piece(request: Request) -> Response:
        call = await signed_call(request, hub)
        given = read_body_as(PieceBody, call.body, **read)
        viewed = hub.views.open(call.caller, given.request_id, _json(given.result))
        if given.part == "thumbnail":
            if given.number:
                raise NotFound(what="view")
            data = await viewed.thumbnail()
        else:
            data = await viewed.piece(given.number)
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(data, media_type=OCTETS, headers=headers)


def _json(result: dict[str, JsonValue]) -> Json:
    """The result as it was sent; our JSON has no floats, and what has one is no answer of ours."""
    return parse(orjson.dumps(result), max_bytes=_MOST, max_depth=_DEPTH)


def sender_of(call: SignedCall) -> Sender:
    """The connector as one who files."""
    caller = call.caller
    return Sender(call.actor, caller.department, call.connector, caller.keyid)
