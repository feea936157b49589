"""The log as anyone may read it: checkpoints, tiles, entries and proofs (C2SP ``tlog-tiles``).

Nothing here names a person. Tiles and bundles that exist never change, so caches may keep them;
checkpoints change by the second. What does not exist yet is not to be cached either (404).
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from certs.canonical import Json
from certs.encoding import b64u, rfc3339
from certs.note import vkey
from hub.errors import NotFound
from hub.keys.listing import log_keys
from hub.ledger.checkpoint import TILE, Published
from hub.ledger.origin import origins
from hub.ledger.tiles import bundle, parse_path, tile
from hub.runtime import Hub
from hub.web.json_body import answer

_Index = Annotated[int, Query(ge=0, lt=1 << 62)]
_Size = Annotated[int, Query(ge=1, lt=1 << 62)]
_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_FRESH = {"cache-control": "no-cache"}
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
"""A year, which RFC 9111 and RFC 8246 leave to us."""
_Handler = TypeVar("_Handler", bound=Callable[..., object])


def ledger_routes(hub: Hub) -> APIRouter:
    """The routes below ``/ledger``."""
    routes = APIRouter()

    def static(path: str) -> Callable[[_Handler], _Handler]:
        """A resource that caches and auditors ask for, with HEAD too."""
        return routes.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)

    @static("/ledger/checkpoint")
    async def checkpoint() -> Response:
        return PlainTextResponse(hub.proofs.checkpoint().note, headers=_FRESH)

    @static("/ledger/cosigned")
    async def cosigned() -> Response:
        return PlainTextResponse(_cosigned(hub).note, headers=_FRESH)

    @static("/ledger/tile/{path:path}")
    async def one_tile(path: str) -> Response:
        level, index, width = parse_path(path)
        if level is None:
            data = bundle(hub.reading, index, width or TILE)
        else:
            data = tile(hub.reading, level, index, width or TILE)
        return Response(data, headers=_FOR_EVER, media_type="application/octet-stream")

    @static("/ledger/proof/{index}")
    async def proof(index: str) -> Response:
        if not _INDEX.match(index):
            raise NotFound(what="entry")
        head = _cosigned(hub) if hub.coverage.witnesses else hub.proofs.checkpoint()
        return PlainTextResponse(hub.proofs.file(int(index), head), headers=_FRESH)

    @routes.get("/ledger/inclusion")
    async def inclusion(index: _Index, size: _Size) -> JSONResponse:
        proof = [b64u(node) for node in hub.proofs.inclusion(index, size)]
        return answer({"index": index, "proof": proof, "size": size})

    @routes.get("/ledger/consistency")
    async def consistency(first: _Size, second: _Size) -> JSONResponse:
        proof = [b64u(node) for node in hub.proofs.consistency(first, second)]
        return answer({"first": first, "proof": proof, "second": second})

    return routes


def ledger_members(hub: Hub) -> dict[str, Json]:
    """What ``/.well-known/yifen`` says of the log; a witness that never cosigned has no time."""
    keys = log_keys(hub.ring.refresh().register, hub.origin)
    witnesses: list[Json] = [
        {
            "name": one.witness.name,
            "size": one.size,
            "time": rfc3339(one.time) if one.time else None,
            "vkey": one.witness.vkey,
        }
        for one in hub.coverage.standings()
    ]
    names: list[Json] = [
        {"first": one.first, "origin": one.text} for one in origins(hub.reading, hub.settings.name)
    ]
    return {
        "origin": hub.origin,
        "origins": names,
        "quorum": hub.coverage.quorum,
        "shortfall": hub.coverage.short,
        "vkey": vkey(hub.origin, hub.checkpoint_key),
        "vkeys": keys,
        "witnesses": witnesses,
    }


def _cosigned(hub: Hub) -> Published:
    found = hub.coverage.cosigned()
    if found is None:
        raise NotFound(what="checkpoint")
    return found
