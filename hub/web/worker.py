"""One serving process, and one of several: ``python -m hub.web.worker FOLDER SOCKET NUMBER``."""

import gc
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from catalog.language import language_of
from catalog.messages import text
from certs.errors import YifenError
from hub.ledger.fold import fold_log
from hub.runtime import open_hub
from hub.storage.folder import Folder
from hub.web.app import create_app
from hub.web.protocol import BoundedProtocol
from hub.web.serve import BROKEN

GRACE_SECONDS = 10
BROKEN_GRACE_SECONDS = 1
"""The same when the ledger's disk has failed: time to tell those who wait."""
MAX_CONNECTIONS = 4096
"""Connections and requests of one process at a time; beyond that 503."""
COLLECT_AFTER = 50_000
"""Objects made before the collector looks at the youngest; with the default, 700, it had 4 %."""


def run_worker(root: Path, bound: socket.socket, *, recover: bool) -> None:
    """Serve on a bound socket in this process; it ends with ``BROKEN`` if the ledger breaks.

    Raises what ``fold_log`` and ``open_hub`` raise.
    """
    fold_log(Folder(root))
    hub = open_hub(root)
    application = create_app(hub, recover=recover)
    settle()
    config = uvicorn.Config(
        application,
        http=BoundedProtocol,
        limit_concurrency=MAX_CONNECTIONS,
        loop="auto",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)

    def end() -> None:
        config.timeout_graceful_shutdown = BROKEN_GRACE_SECONDS
        server.should_exit = True

    hub.store.when_broken(end)
    try:
        server.run(sockets=[bound])
    finally:
        if hub.store.broken:
            # As if killed: the end of the interpreter would close the databases, which writes.
            logging.shutdown()
            os._exit(BROKEN)


def settle() -> None:
    """Tell the collector that what stands now stays, and to look less often."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)


def main() -> int:
    """Serve on the inherited socket; the first worker recovers what was cut off."""
    _, folder, descriptor, number = sys.argv
    try:
        run_worker(Path(folder), socket.socket(fileno=int(descriptor)), recover=number == "0")
    except YifenError as error:
        told = text(f"problem.{error.code}.detail", language_of(os.environ), **error.facts)
        sys.stderr.write(f"{told}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
