"""HTTP to the one hub from an event loop: kept-alive connections, bounded answers, one deadline.

The client library costs half a millisecond a request, which is half of all that a gateway may
take; this one speaks what the hub speaks, HTTP/1.1, with the parser that the hub uses.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import cast
from urllib.parse import urlsplit

import httptools

from connectors.errors import HubUnintelligible, HubUnreachable
from connectors.transport import Response

IDLE_SECONDS = 4.0
"""A connection that was idle for longer is not used again: the hub closes them after five."""
MAX_HEAD = 64 * 1024
"""Bytes of an answer's status line and headers; ours have about 1,500."""


class Pool:
    """Connections to one hub, the one used last taken first."""

    def __init__(self, address: str, tls: ssl.SSLContext | None) -> None:
        """``address`` is as ``check_address`` gives it; ``tls`` None for plain HTTP."""
        parts = urlsplit(address)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if tls else 80)
        self._tls = tls
        self._start = (
            f"host: {parts.netloc}\r\naccept-encoding: identity\r\nuser-agent: yifen-connector\r\n"
        )
        self._idle: list[_Connection] = []

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        limit: int,
        seconds: float,
    ) -> Response:
        """One exchange within ``seconds``; raises ``HubUnreachable`` or ``HubUnintelligible``."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = f"content-length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._start}{lines}{length}\r\n"
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(seconds):
                connection = self._take() or await self._open()
                response = await connection.exchange(head.encode("latin-1") + body, limit)
        except TimeoutError as error:
            raise HubUnreachable(why="timeout") from error
        except OSError as error:
            raise HubUnreachable(why="connection") from error
        finally:
            if connection is not None:
                self._give_back(connection)
        return response

    async def get(self, path: str, *, limit: int, seconds: float) -> Response:
        """Fetch something public, unsigned; raises as ``send`` does."""
        return await self.send("GET", path, {}, b"", limit=limit, seconds=seconds)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().abort()

    def _take(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_good(time.monotonic() - IDLE_SECONDS):
                return connection
            connection.abort()
        return None

    def _give_back(self, connection: "_Connection") -> None:
        """Keep a connection whose answer was read whole; cut every other one."""
        if connection.is_good(0.0):
            connection.since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.abort()

    async def _open(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            _Connection, self._host, self._port, ssl=self._tls
        )
        return connection


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self) -> None:
        self.since = 0.0
        """When it became idle."""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._limit = 0
        self._broken = False
        self._begin()

    async def exchange(self, request: bytes, limit: int) -> Response:
        """Send, and wait for the whole answer."""
        if self._transport is None or self._answer is not None:
            raise HubUnreachable(why="connection")
        self._begin()
        self._limit = limit
        self._answer = asyncio.get_running_loop().create_future()
        self._broken = True  # until the answer is whole
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer = None

    def is_good(self, after: float) -> bool:
        """Whether another exchange may begin on it, if it became idle ``after`` a moment."""
        idle = self.since == 0.0 or self.since > after
        return idle and not self._broken and self._transport is not None

    def abort(self) -> None:
        """Cut the connection."""
        self._broken = True
        if self._transport is not None:
            self._transport.abort()

    # -- what the loop calls ------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        # A loop may have a transport of its own make, which is no subclass.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes; nothing may come that was not asked for."""
        if self._answer is None:
            self.abort()
            return
        self._received += len(data)
        if self._received > self._limit + MAX_HEAD:
            self._fail(HubUnintelligible(why="too-large"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(HubUnintelligible(why="http"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the protocol's name
        """The connection is gone, and with it an answer that was not whole."""
        self._transport = None
        self._fail(HubUnreachable(why="connection"))

    # -- what the parser calls ----------------------------------------------------------------
    def on_message_begin(self) -> None:
        """A message begins; a second one in answer to one request is nobody's."""
        if self._answer is None or self._answer.done():
            self._begin()
            self._fail(HubUnintelligible(why="http"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; one that stands twice is joined, as HTTP has it."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The head has ended."""
        if self._headers.get("content-encoding", "identity") != "identity":
            self._fail(HubUnintelligible(why="content-coding"))
        elif self._parser.get_status_code() < 200:  # noqa: PLR2004 nothing of ours is provisional
            self._fail(HubUnintelligible(why="http"))

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += body
        if len(self._body) > self._limit:
            self._fail(HubUnintelligible(why="too-large"))

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._answer is None or self._answer.done():
            return
        self._broken = not self._parser.should_keep_alive()
        self._answer.set_result(
            Response(self._parser.get_status_code(), self._headers, bytes(self._body))
        )

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._received = 0

    def _fail(self, error: HubUnreachable | HubUnintelligible) -> None:
        """Tell whoever waits; what comes after is not read."""
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_exception(error)
        with suppress(RuntimeError):
            self.abort()
