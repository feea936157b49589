"""The door: questions go straight to the exchange, everything else to the routes.

A question's endpoint is bare ASGI: routing, dependency injection and response classes would cost
more than the decision does (a prototype: 408 µs as a route, 278 µs bare).
"""

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias, cast

from certs.errors import CertificateError, MalformedHeader, SignatureError, YifenError
from certs.signatures import Message
from hub.access.grant import Operation
from hub.errors import NotIdentified, TooLarge
from hub.lookup.attempts import named_connector
from hub.lookup.receipt import Reply
from hub.runtime import Hub
from hub.web.problems import INTERNAL, TOO_LARGE, TOO_MANY_HEADERS, reply_of, reply_to
from hub.web.protocol import MAX_HEADERS

Scope: TypeAlias = "MutableMapping[str, object]"
Event: TypeAlias = "MutableMapping[str, object]"
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_QUESTION = re.compile(rb"/v1/datasets/([a-z0-9_-]{1,64})/(lookup|verify|view|batch|feed)\Z")
BATCH, FEED = b"batch", b"feed"
JOINT = b"/v1/joint"
"""Several questions in one request: their datasets stand in the body."""
NO_CONTENT = 204
UNIDENTIFIED = (NotIdentified, SignatureError, CertificateError, MalformedHeader)
"""Errors of attempts that never became questions."""
_log = logging.getLogger("hub.web")


class Front:
    """The ASGI application of one process."""

    def __init__(self, hub: Hub, routes: Application) -> None:
        self._hub = hub
        self._routes = routes
        self._origin = hub.settings.public_origin
        self._limit = hub.settings.limits.body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of ASGI."""
        if scope["type"] == "http" and len(cast("list[object]", scope["headers"])) > MAX_HEADERS:
            await respond(send, reply_to(TOO_MANY_HEADERS, 431))
            return
        if scope["type"] == "http" and scope["method"] == "POST":
            path = cast("bytes", scope["raw_path"])
            match = _QUESTION.match(path)
            if match is not None or path == JOINT:
                reply = await self._question(match, scope, receive)
                await respond(send, reply)
                return
        await self._routes(scope, receive, send)

    async def _question(
        self, match: re.Match[bytes] | None, scope: Scope, receive: Receive
    ) -> Reply:
        address = address_of(scope)
        attempts = self._hub.attempts
        message = message_of(scope, self._origin)
        try:
            attempts.allow(address)
            return await self._asked(match, message, await read_body(receive, self._limit))
        except TooLarge:
            return reply_to(TOO_LARGE, 413)
        except YifenError as error:
            if isinstance(error, UNIDENTIFIED):
                known = named_connector(message, self._hub.book.current())
                attempts.failed(address, error.code, known)
            return reply_of(error)
        except Exception:  # noqa: BLE001 told as a bare 500, whatever it is
            _log.exception("a question failed")
            return reply_to(INTERNAL, 500)

    async def _asked(self, match: re.Match[bytes] | None, message: Message, body: bytes) -> Reply:
        hub = self._hub
        if match is None:
            return await hub.joint.ask_signed(message, body)
        dataset = match[1].decode("ascii")
        if match[2] == BATCH:
            return await hub.batches.ask_signed(dataset, message, body)
        if match[2] == FEED:
            return await hub.feeds.ask_signed(dataset, message, body)
        operation = cast("Operation", match[2].decode("ascii"))
        return await hub.exchange.ask_signed(operation, dataset, message, body)


def address_of(scope: Scope) -> str:
    """The address of the peer."""
    client = cast("tuple[str, int] | None", scope.get("client"))
    return client[0] if client else ""


def message_of(scope: Scope, origin: str) -> Message:
    """The request as it is signed; the origin is the hub's own, whatever Host says."""
    path = cast("bytes", scope["raw_path"])
    query = cast("bytes", scope["query_string"])
    target = path + b"?" + query if query else path
    headers: dict[str, str] = {}
    for raw_name, raw_value in cast("list[tuple[bytes, bytes]]", scope["headers"]):
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1").strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Message(cast("str", scope["method"]), origin + target.decode("latin-1"), headers)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; raises ``TooLarge`` as soon as it is past ``limit`` bytes."""
    event = await receive()
    body = cast("bytes", event.get("body", b""))
    while event.get("more_body"):
        if len(body) > limit:
            break
        event = await receive()
        body += cast("bytes", event.get("body", b""))
    if len(body) > limit:
        raise TooLarge
    return body


async def respond(send: Send, reply: Reply) -> None:
    """Send a reply."""
    headers = [
        (b"content-type", reply.content_type.encode("ascii")),
        (b"content-length", b"%d" % len(reply.body)),
        (b"cache-control", b"no-store"),
    ]
    if reply.status == NO_CONTENT:
        headers = headers[2:]
    if reply.receipt is not None:
        headers.append((b"hub-receipt", reply.receipt.encode("ascii")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
