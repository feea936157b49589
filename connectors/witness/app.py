"""A witness over HTTP (C2SP ``tlog-witness``): two routes, and nothing else.

    POST /add-checkpoint              a checkpoint with its consistency proof -> our cosignature
    GET  /<origin hash>/checkpoint    the newest one that we cosigned of a log

Everything is answered in turn, in one process: what is slow about a request is its fsync.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from certs.errors import YifenError
from connectors.witness.errors import (
    CheckpointUnsigned,
    ConsistencyRefused,
    LogUnknown,
    SizeConflict,
    SubmissionMalformed,
    SubmissionTooLarge,
)
from connectors.witness.request import MAX_BODY_BYTES
from connectors.witness.witness import Witness

STATUS: Mapping[type[YifenError], HTTPStatus] = {
    SubmissionMalformed: HTTPStatus.BAD_REQUEST,
    CheckpointUnsigned: HTTPStatus.FORBIDDEN,
    LogUnknown: HTTPStatus.NOT_FOUND,
    SizeConflict: HTTPStatus.CONFLICT,
    SubmissionTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ConsistencyRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""What the protocol says; what is not in it (a full disk) is a bare 500."""
BODY_SECONDS = 10.0
"""That a body may take to arrive."""
_SIZE = {"content-type": "text/x.tlog.size"}
_FRESH = {"cache-control": "no-cache"}


def create_app(witness: Witness) -> FastAPI:
    """The application of one witness."""
    app = FastAPI(
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={YifenError: _refusal, HTTPException: _route, Exception: _bare},
    )

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        return PlainTextResponse(witness.add_checkpoint(await _read(request)))

    @app.api_route("/{origin_hash}/checkpoint", methods=["GET", "HEAD"])
    async def checkpoint(origin_hash: str) -> Response:
        note = witness.newest(origin_hash)
        if note is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return PlainTextResponse(note, headers=_FRESH)

    return app


async def _read(request: Request) -> bytes:
    """The whole body; raises ``SubmissionTooLarge`` as soon as it is too long for any request."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_BODY_BYTES:
                    raise SubmissionTooLarge
    except (TimeoutError, ClientDisconnect) as error:
        raise SubmissionMalformed(why="body") from error
    return bytes(body)


async def _refusal(_: Request, error: Exception) -> Response:
    if isinstance(error, SizeConflict):
        size = str(error.facts["size"])
        return Response(f"{size}\n", HTTPStatus.CONFLICT, _SIZE)
    status = STATUS.get(type(error)) if isinstance(error, YifenError) else None
    if status is None:
        return Response(status_code=HTTPStatus.INTERNAL_SERVER_ERROR)
    return PlainTextResponse(f"{error}\n", status)


async def _route(_: Request, error: Exception) -> Response:
    """A path, or a method of one, that there is not."""
    if not isinstance(error, HTTPException):
        return await _bare(_, error)
    return Response(status_code=error.status_code, headers=error.headers)


async def _bare(_: Request, __: Exception) -> Response:
    return Response(status_code=HTTPStatus.INTERNAL_SERVER_ERROR)
