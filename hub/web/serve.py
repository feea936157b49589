"""Serving: one socket, one process or several, each with the whole application.

With several, a parent that does nothing else starts them on the socket that it has bound, starts
one again that dies, and ends them all on SIGTERM or SIGINT.
"""

import gc
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import uvicorn

from hub.settings import Settings, load
from hub.storage.folder import Folder
from hub.web.app import app_of
from hub.web.protocol import BoundedProtocol

BACKLOG = 2048
GRACE_SECONDS = 10
DEFAULT_PORT = 8440
MAX_CONNECTIONS = 4096
"""Connections and requests of one process at a time; beyond that 503."""
COLLECT_AFTER = 50_000
"""Objects made before the collector looks at the youngest; with the default, 700, it had 4 %."""


def serve(root: Path, *, listen: str | None = None, workers: int | None = None) -> None:
    """Serve the hub in a folder until a signal; ``listen`` is ``host:port``."""
    settings = load(Folder(root).settings)
    bound = bind(*address_of(settings, listen))
    count = workers or settings.workers
    if count == 1:
        run_worker(root, bound, recover=True)
    else:
        _Parent(root, bound, count).run()


def address_of(settings: Settings, listen: str | None) -> tuple[str, int]:
    """Where to listen: as told, else at the public origin."""
    parts = urlsplit(f"//{listen}" if listen else settings.public_origin)
    return parts.hostname or "127.0.0.1", parts.port if parts.port is not None else DEFAULT_PORT


def bind(host: str, port: int) -> socket.socket:
    """A listening socket."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.listen(BACKLOG)
    bound.set_inheritable(True)
    return bound


def run_worker(root: Path, bound: socket.socket, *, recover: bool) -> None:
    """Serve on a bound socket in this process."""
    application = app_of(root, recover=recover)
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
    uvicorn.Server(config).run(sockets=[bound])


def settle() -> None:
    """Tell the collector that what stands now stays, and to look less often."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)


class _Parent:
    """Keeps a number of workers running."""

    def __init__(self, root: Path, bound: socket.socket, count: int) -> None:
        self._root = root
        self._bound = bound
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._count = count
        self._ending = False

    def run(self) -> None:
        """Start the workers and mind them until told to end."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        for number in range(self._count):
            self._start(number)
        while self._workers:
            pid, _ = os.wait()
            ended = [number for number, worker in self._workers.items() if worker.pid == pid]
            for number in ended:
                del self._workers[number]
                if not self._ending:
                    self._start(number)

    def _start(self, number: int) -> None:
        command = [
            sys.executable,
            "-m",
            "hub.web.worker",
            str(self._root),
            str(self._bound.fileno()),
            str(number),
        ]
        self._workers[number] = subprocess.Popen(  # noqa: S603 our own interpreter and module
            command, pass_fds=[self._bound.fileno()]
        )

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending = True
        for worker in self._workers.values():
            worker.terminate()
