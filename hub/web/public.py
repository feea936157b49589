"""What anyone may read: who this hub is, its receipt keys, its health."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from certs.encoding import rfc3339
from hub.errors import Unavailable
from hub.keys.listing import published_keys
from hub.runtime import Hub
from hub.web.json_body import answer
from hub.web.ledger_routes import ledger_members


def public_routes(hub: Hub) -> APIRouter:
    """The unsigned routes."""
    routes = APIRouter()

    @routes.get("/.well-known/yifen")
    async def about() -> JSONResponse:
        return answer(
            {
                "hub": hub.settings.name,
                "ledger": ledger_members(hub),
                "public_origin": hub.settings.public_origin,
                "time": rfc3339(hub.clock()),
            }
        )

    @routes.get("/.well-known/jwks.json")
    async def keys() -> JSONResponse:
        return answer({"keys": published_keys(hub.ring.refresh().register)})

    @routes.get("/.well-known/jwt-vc-issuer")
    async def issuer() -> JSONResponse:
        origin = hub.settings.public_origin
        return answer({"issuer": origin, "jwks_uri": f"{origin}/.well-known/jwks.json"})

    @routes.get("/healthz")
    async def health() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @routes.get("/readyz")
    async def ready() -> PlainTextResponse:
        if hub.store.broken:
            raise Unavailable(why="database")
        (stopped,) = hub.reading.execute("SELECT stopped FROM ledger_head").fetchone()
        if stopped:
            raise Unavailable(why=stopped)
        return PlainTextResponse("ok\n")

    return routes
