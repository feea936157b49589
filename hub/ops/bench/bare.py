"""A bare endpoint, for what HTTP alone costs: ``python -m hub.ops.bench.bare PORT BYTES``.

It reads the same requests and answers as many bytes as a lookup does, and does nothing else.
"""

import sys

import uvicorn

from hub.lookup.receipt import JSON, Reply
from hub.web.front import Receive, Scope, Send, read_body, respond
from hub.web.serve import bind
from hub.web.worker import settle

_LIMIT = 1 << 20


def main() -> None:
    """Serve until a signal."""
    port, size = int(sys.argv[1]), int(sys.argv[2])
    reply = Reply(200, JSON, b"x" * size, "x" * 700)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await read_body(receive, _LIMIT)
            await respond(send, reply)

    settle()
    config = uvicorn.Config(
        endpoint,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[bind("127.0.0.1", port)])


if __name__ == "__main__":
    main()
