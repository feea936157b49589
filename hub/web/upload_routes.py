"""What of an upload is already here, for a connector that goes on after it was cut off."""

import asyncio

from fastapi import APIRouter, Request, Response

from certs.encoding import b64u
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.signed import signed_call


def upload_routes(hub: Hub, routes: APIRouter) -> None:
    """The chunks that are durably here."""

    @routes.get("/publications/{publication}/chunks")
    async def received(request: Request, publication: str) -> Response:
        call = await signed_call(request, hub)
        # Off the loop: each digest is opened from a file of its own.
        found = await asyncio.to_thread(
            hub.publications.received, publication, connector=call.connector
        )
        return answer(
            {"chunks": [{"number": number, "digest": b64u(digest)} for number, digest in found]}
        )
