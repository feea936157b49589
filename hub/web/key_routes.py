"""The JSON routes of the hub's own keys, for administrators."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from hub.errors import Unprocessable
from hub.keys.files import FILE_USES
from hub.keys.listing import shown
from hub.people.permissions import Permission
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.person_request import Strict, allowed, given

_Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class RotationBody(Strict):
    """How to rotate: ``now`` leaves the key before no time; ``fingerprint`` names a master key."""

    now: bool = False
    fingerprint: _Fingerprint | None = None


class KeyStatusBody(Strict):
    """The one status that can be given."""

    status: Literal["retired"]


def key_routes(hub: Hub, routes: APIRouter) -> None:
    """The register, and what changes it."""

    @routes.get("/keys")
    async def list_keys(request: Request) -> Response:
        allowed(request, hub, Permission.ROTATE_KEYS)
        return answer({"keys": shown(hub.ring.refresh().register)})

    @routes.post("/keys/{use}/rotation")
    async def rotate(request: Request, use: str) -> Response:
        actor = allowed(request, hub, Permission.ROTATE_KEYS)
        asked = await given(request, hub, RotationBody)
        if (use == "master") != (asked.fingerprint is not None) or (use == "master" and asked.now):
            raise Unprocessable(why="fingerprint")
        if use == "master":
            rotated = hub.keys.replacing.rotate(actor, asked.fingerprint or "")
        else:
            file_use = next((one for one in FILE_USES if one == use), None)
            if file_use is None:
                raise Unprocessable(why="use")
            rotated = hub.keys.rotation.rotate(actor, file_use, at_once=asked.now)
        return answer({"entry": rotated.entry, "id": rotated.id}, 201)

    @routes.put("/keys/{key_id}/status")
    async def retire(request: Request, key_id: str) -> Response:
        actor = allowed(request, hub, Permission.ROTATE_KEYS)
        await given(request, hub, KeyStatusBody)
        return answer({"entry": hub.keys.rotation.retire(actor, key_id)})
