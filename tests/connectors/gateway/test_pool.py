"""The way to the hub: connections kept, answers bounded, nothing read that was not asked for."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import cast

import pytest

from connectors.errors import HubUnintelligible, HubUnreachable
from connectors.gateway.http import Pool
from connectors.transport import Response

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Peer:
    """Whatever answers at the hub's address: gives the answers in turn, and counts connections."""

    def __init__(self, *answers: bytes, close_after: int = 1000) -> None:
        self.answers: Iterator[bytes] = iter(answers)
        self.close_after = close_after
        self.connections = 0
        self.heads: list[bytes] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.append(cast("asyncio.Task[None]", asyncio.current_task()))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for _ in range(self.close_after):
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                writer.write(next(self.answers, b""))
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def run(peer: Peer, times: int = 1, *, limit: int = 100, seconds: float = 5.0) -> list[Response]:
    """The answers to so many requests, one after the other."""

    async def main() -> list[Response]:
        server = await asyncio.start_server(peer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        pool = Pool(f"http://127.0.0.1:{port}", None)
        try:
            return [await pool.get("/x", limit=limit, seconds=seconds) for _ in range(times)]
        finally:
            pool.close()
            server.close()
            await asyncio.gather(*peer.tasks)

    return asyncio.run(main())


def test_a_connection_is_kept() -> None:
    peer = Peer(OK, OK, OK)
    assert [one.body for one in run(peer, 3)] == [b"ok"] * 3
    assert peer.connections == 1
    assert peer.heads[0].startswith(b"GET /x HTTP/1.1\r\nhost: 127.0.0.1:")


def test_one_that_the_hub_has_closed_is_not_used_again() -> None:
    last = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    peer = Peer(last, last, close_after=1)
    assert len(run(peer, 2)) == 2
    assert peer.connections == 2


def test_pieces_are_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
    assert run(Peer(chunked))[0].body == b"ok"


def test_a_header_that_stands_twice_is_joined() -> None:
    twice = b"HTTP/1.1 200 OK\r\nHub-Receipt: a\r\nhub-receipt: b\r\ncontent-length: 0\r\n\r\n"
    assert run(Peer(twice))[0].headers["hub-receipt"] == "a, b"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n" + b"x" * 101, "too-large"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\ncontent-length: 0\r\n\r\n", "too-large"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok",
            "content-coding",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "http"),
        (b"nonsense\r\n\r\n", "http"),
    ],
)
def test_an_answer_that_is_not_understood(answer: bytes, why: str) -> None:
    with pytest.raises(HubUnintelligible) as refused:
        run(Peer(answer))
    assert refused.value.facts == {"why": why}


def test_an_answer_that_is_cut_off() -> None:
    cut = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf"
    with pytest.raises(HubUnreachable) as refused:
        run(Peer(cut, close_after=1))
    assert refused.value.facts == {"why": "connection"}


def test_a_second_answer_to_one_request_is_nobodys() -> None:
    smuggled = b"HTTP/1.1 200 OK\r\nx: smuggled\r\ncontent-length: 4\r\n\r\nevil"
    peer = Peer(OK + smuggled, OK)
    first, second = run(peer, 2)
    assert (first.body, second.body) == (b"ok", b"ok")
    assert "x" not in first.headers
    assert peer.connections == 2


@pytest.mark.timeout(30)
def test_a_hub_that_drips_does_not_hold_a_counter_for_ever() -> None:
    with pytest.raises(HubUnreachable) as refused:
        run(Peer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no"), seconds=0.2)
    assert refused.value.facts == {"why": "timeout"}


def test_nobody_there() -> None:
    async def main() -> Response:
        return await Pool("http://127.0.0.1:1", None).get("/", limit=1, seconds=5)

    with pytest.raises(HubUnreachable):
        asyncio.run(main())
