"""The load: requests signed beforehand, sent over keep-alive connections, answers counted.

Runs as a process of its own (``python -m hub.ops.bench.load``), so that its own cost is not the
hub's; it speaks HTTP/1.1 by hand because a client library would cost more than the hub.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_OK = b"HTTP/1.1 200"


@dataclass(slots=True)
class Tally:
    """What came back: seconds of each answer, and how many were not 200."""

    seconds: list[float]
    failed: int = 0


class _Connection(asyncio.Protocol):
    """One connection: sends the next request as soon as the last is answered."""

    def __init__(self, requests: Iterator[tuple[float, bytes]], tally: Tally) -> None:
        self._requests = requests
        self._tally = tally
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._next()

    def data_received(self, data: bytes) -> None:
        """Take bytes; an answer that is whole is counted."""
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        stop = head.find(b"\r\n", start)
        length = int(head[start : stop if stop >= 0 else end])
        if len(self._buffer) < end + len(_HEAD_END) + length:
            return
        self._tally.seconds.append(time.perf_counter() - self._sent)
        self._tally.failed += not self._buffer.startswith(_OK)
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the protocol's name
        """The hub went away: what it owed is failed."""
        if not self.done.done():
            self._tally.failed += 1
            self.done.set_result(None)

    def _next(self) -> None:
        item = next(self._requests, None)
        if item is None or self._transport is None:
            if not self.done.done():
                self.done.set_result(None)
            if self._transport is not None:
                self._transport.close()
            return
        due, request = item
        wait = due - time.perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._send, due, request)
        else:
            self._send(due, request)

    def _send(self, due: float, request: bytes) -> None:
        # Counted from when it was due: a late answer delays those behind it (coordinated omission).
        self._sent = due or time.perf_counter()
        if self._transport is not None:
            self._transport.write(request)


async def drive(
    host: str, port: int, requests: list[bytes], *, width: int, per_second: float
) -> tuple[Tally, float]:
    """Send all requests over ``width`` connections; the tally and the seconds it took.

    With ``per_second`` 0 each connection sends as fast as it is answered.
    """
    tally = Tally([])
    began = time.perf_counter()
    interval = 1 / per_second if per_second else 0.0
    schedule = (
        (began + number * interval if per_second else 0.0, request)
        for number, request in enumerate(requests)
    )
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(schedule, tally), host, port)
        for _ in range(width)
    ]
    await asyncio.gather(*(connection.done for _, connection in made))
    return tally, time.perf_counter() - began


def main() -> None:
    """Read ``FILE HOST PORT WIDTH PER_SECOND``; print one JSON object."""
    _, file, host, port, width, per_second = sys.argv
    data = Path(file).read_bytes()
    requests: list[bytes] = []
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        requests.append(data[position + 4 : position + 4 + length])
        position += 4 + length
    tally, seconds = asyncio.run(
        drive(host, int(port), requests, width=int(width), per_second=float(per_second))
    )
    ordered = sorted(tally.seconds)
    sys.stdout.buffer.write(
        orjson.dumps(
            {
                "answered": len(ordered),
                "failed": tally.failed,
                "seconds": seconds,
                "p50_ms": ordered[len(ordered) // 2] * 1000 if ordered else 0.0,
                "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000 if ordered else 0.0,
            }
        )
    )


if __name__ == "__main__":
    main()
