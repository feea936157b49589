"""Serving a witness: one process on one address, until a signal."""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from connectors.witness.app import create_app
from connectors.witness.errors import WitnessRefused
from connectors.witness.folder import open_store, open_witness

GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
"""That an idle connection is kept: a log comes back as soon as something has been entered."""
MAX_CONNECTIONS = 256
"""Connections at a time; beyond that 503. Logs ask seldom, and keep theirs open."""


def serve(path: Path, listen: str) -> None:
    """Serve the witness of a folder at ``host:port``.

    Raises ``WitnessRefused`` for an address that is none, or errors of folder, key and store.
    """
    host, port = _address(listen)
    with closing(open_store(path)) as store:
        config = uvicorn.Config(
            create_app(open_witness(path, store)),
            host=host,
            port=port,
            limit_concurrency=MAX_CONNECTIONS,
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        uvicorn.Server(config).run()


def _address(listen: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise WitnessRefused(why="listen") from error
    if not host or port is None or parts.path:
        raise WitnessRefused(why="listen")
    return host, port
