"""Serving: one socket, one process or several, each with the whole application.

With several, a parent that does nothing else starts them on the socket that it has bound, starts
one again that dies, later and later if it dies again and again, and ends them all on SIGTERM or
SIGINT.
"""

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from hub.settings import Settings, load
from hub.storage.folder import Folder

BACKLOG = 2048
DEFAULT_PORT = 8440
STEADY_SECONDS = 60.0
"""A worker that has run for so long did not die of how it started."""
BROKEN = os.EX_IOERR
"""Exit status of a process whose ledger met an I/O error (sysexits.h: 74)."""
LONGEST_PAUSE = 30.0
"""Seconds between two starts of a worker that ends again and again."""
_log = logging.getLogger("hub.web")


def serve(root: Path, *, listen: str | None = None, workers: int | None = None) -> None:
    """Serve the hub in a folder until a signal; ``listen`` is ``host:port``."""
    settings = load(Folder(root).settings)
    bound = bind(*address_of(settings, listen))
    count = workers or settings.workers
    if count == 1:
        from hub.web.worker import run_worker  # noqa: PLC0415 the parent of several has no use for it

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


class _Parent:
    """Keeps a number of workers running."""

    def __init__(self, root: Path, bound: socket.socket, count: int) -> None:
        self._root = root
        self._bound = bound
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._started: dict[int, float] = {}
        self._ends: dict[int, int] = dict.fromkeys(range(count), 0)
        """How often a worker has ended without having run for ``STEADY_SECONDS``."""
        self._due: dict[int, float] = dict.fromkeys(range(count), 0.0)
        """When those that do not run are to be started."""
        self._ending = False

    def run(self) -> None:
        """Start the workers and mind them until told to end."""
        woken, wake = socket.socketpair()
        with woken, wake:
            for end in (woken, wake):
                end.settimeout(0)
            # A signal makes the selector return at once; what to do is seen afterwards.
            signal.set_wakeup_fd(wake.fileno())
            signal.signal(signal.SIGCHLD, lambda *_: None)
            signal.signal(signal.SIGTERM, self._end)
            signal.signal(signal.SIGINT, self._end)
            while self._workers or not self._ending:
                self._start_due()
                select.select([woken], [], [], self._until_due())
                with suppress(BlockingIOError):
                    woken.recv(4096)
                self._bury()

    def _start_due(self) -> None:
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            if not self._ending:
                del self._due[number]
                self._start(number)

    def _until_due(self) -> float | None:
        """Seconds until a worker is to be started; None if none is."""
        if self._ending or not self._due:
            return None
        return max(0.0, min(self._due.values()) - time.monotonic())

    def _bury(self) -> None:
        """See who has ended, and when another is to be started in its place."""
        now = time.monotonic()
        for number, worker in list(self._workers.items()):
            status = worker.poll()
            if status is None:
                continue
            del self._workers[number]
            steady = now - self._started[number] >= STEADY_SECONDS
            self._ends[number] = 0 if steady else self._ends[number] + 1
            after = pause(self._ends[number], broken=status == BROKEN)
            self._due[number] = now + after
            if not self._ending:
                _log.warning(
                    "worker %d ended with status %d; another starts in %g s", number, status, after
                )

    def _start(self, number: int) -> None:
        command = [
            sys.executable,
            "-m",
            "hub.web.worker",
            str(self._root),
            str(self._bound.fileno()),
            str(number),
        ]
        self._started[number] = time.monotonic()
        self._workers[number] = subprocess.Popen(  # noqa: S603 our own interpreter and module
            command, pass_fds=[self._bound.fileno()]
        )
        if self._ending:
            self._workers[number].terminate()

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending = True
        for worker in self._workers.values():
            worker.terminate()


def pause(ends: int, *, broken: bool) -> float:
    """Seconds before a worker is started again that has ended ``ends`` times in a row, soon.

    One that dies once is followed at once; one whose disk failed is not: the disk is the same.
    """
    before = ends if broken else ends - 1
    return min(LONGEST_PAUSE, 2.0 ** (before - 1)) if before > 0 else 0.0
