"""What anyone may read: who this hub is, its receipt keys, checkpoint and proofs, its health."""

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse

from certs.certificates import read_certificate
from certs.encoding import b64u, rfc3339
from certs.note import vkey
from certs.receipts import key_thumbprint
from hub.runtime import Hub
from hub.web.json_body import answer

_Index = Annotated[int, Query(ge=0, lt=1 << 62)]
_Size = Annotated[int, Query(ge=1, lt=1 << 62)]


def public_routes(hub: Hub) -> APIRouter:
    """The unsigned routes."""
    routes = APIRouter()

    @routes.get("/.well-known/yifen")
    async def about() -> JSONResponse:
        origin = hub.settings.origin
        return answer(
            {
                "hub": hub.settings.name,
                "ledger": {"origin": origin, "vkey": vkey(origin, hub.checkpoint_key)},
                "public_origin": hub.settings.public_origin,
                "time": rfc3339(hub.clock()),
            }
        )

    @routes.get("/.well-known/jwks.json")
    async def keys() -> JSONResponse:
        issuing = b64encode(hub.authority.issuing_der).decode("ascii")
        members = []
        for der in hub.receipt_certificates:
            public = read_certificate(der).public
            members.append(
                {
                    **public.jwk(),
                    "alg": "ES256",
                    "kid": key_thumbprint(public),
                    "use": "sig",
                    "x5c": [b64encode(der).decode("ascii"), issuing],
                }
            )
        return answer({"keys": members})

    @routes.get("/ledger/checkpoint")
    async def checkpoint() -> PlainTextResponse:
        note = hub.proofs.checkpoint().note
        return PlainTextResponse(note, headers={"cache-control": "no-cache"})

    @routes.get("/ledger/inclusion")
    async def inclusion(index: _Index, size: _Size) -> JSONResponse:
        proof = [b64u(node) for node in hub.proofs.inclusion(index, size)]
        return answer({"index": index, "proof": proof, "size": size})

    @routes.get("/ledger/consistency")
    async def consistency(first: _Size, second: _Size) -> JSONResponse:
        proof = [b64u(node) for node in hub.proofs.consistency(first, second)]
        return answer({"first": first, "proof": proof, "second": second})

    @routes.get("/healthz")
    async def health() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @routes.get("/readyz")
    async def ready() -> PlainTextResponse:
        hub.reading.execute("SELECT next FROM ledger_head").fetchone()
        return PlainTextResponse("ok\n")

    return routes
