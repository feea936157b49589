"""A witness that is killed when it has kept a checkpoint and before it answers.

``python dying_witness.py FOLDER --listen HOST:PORT``: the real application, whose first answer to
``add-checkpoint`` never leaves.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import closing
from pathlib import Path

import uvicorn

from connectors.witness.app import create_app
from connectors.witness.folder import open_store, open_witness

Event = MutableMapping[str, object]


def main() -> None:
    """Serve until the first answer."""
    folder, address = Path(sys.argv[1]), sys.argv[3]
    with closing(open_store(folder)) as store:
        honest = create_app(open_witness(folder, store))

        async def dying(
            scope: Event,
            receive: Callable[[], Awaitable[Event]],
            send: Callable[[Event], Awaitable[None]],
        ) -> None:
            async def last(event: Event) -> None:
                if scope.get("method") == "POST":
                    os.kill(os.getpid(), signal.SIGKILL)
                await send(event)

            await honest(scope, receive, last)

        host, _, port = address.partition(":")
        uvicorn.run(dying, host=host, port=int(port), log_level="warning")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
