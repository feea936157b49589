"""A hub as it really runs: its own command, its own processes, on a port of loopback."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from world.asking import Answer, Gateway, Sent
from world.town import Town

PATIENCE = 30.0
_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = "from hub.cli import main; main()"


@dataclass(frozen=True)
class Served:
    """A serving hub."""

    town: Town
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def gateway(self, department: str = "nrb") -> Gateway:
        """A connector whose clock is this machine's."""
        return self.town.gateway(department, lambda: time.time_ns() // 1_000_000, self.address)

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def call(self, sent: Sent, connection: HTTPConnection | None = None) -> Answer:
        """Send a signed request, over a connection that is kept if one is given."""
        message = sent.message
        return self.http(message.method, sent.path, message.headers, sent.body, connection)

    def http(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        connection: HTTPConnection | None = None,
    ) -> Answer:
        """One HTTP exchange."""
        own = connection or self.connect()
        try:
            own.request(method, target, body or None, dict(headers or {}))
            response = own.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())
        finally:
            if connection is None:
                own.close()


def free_port() -> int:
    """A port that was free a moment ago: the hub's address must be known before it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(town: Town, folder: Path, *, workers: int = 1) -> Iterator[Served]:
    """Serve a copy of a town until the end of the block."""
    port = free_port()
    town.copy(folder, f"http://127.0.0.1:{port}")
    log = folder.parent / f"{folder.name}.log"
    process = start(folder, log, workers=workers)
    try:
        served = Served(town, folder, port, process)
        until_ready(served, log)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start(
    folder: Path,
    log: Path,
    *,
    workers: int = 1,
    port: int | None = None,
    under: Sequence[str] = (),
    tree: Path = _ROOT,
) -> subprocess.Popen[bytes]:
    """Start a hub in a process group of its own, ``under`` another command if one is given.

    It listens at its public origin unless a ``port`` is given; ``tree`` is whose code runs.
    """
    command = [sys.executable, "-c", _COMMAND, "--folder", str(folder), "serve"]
    if port is not None:
        command += ["--listen", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [*under, *command, "--workers", str(workers)],
            cwd=tree,
            env=environment(tree),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def environment(tree: Path = _ROOT) -> dict[str, str]:
    """The environment of the processes that tests start: this tree's code comes first."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree), *_extra_path()])}


def _extra_path() -> list[str]:
    given = os.environ.get("PYTHONPATH", "")
    return [part for part in given.split(os.pathsep) if part]


def until_ready(served: Served, log: Path) -> None:
    """Ask ``/readyz`` until it is well; an event that nobody sets gives the pause between."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if served.process.poll() is not None:
            break
        try:
            if served.http("GET", "/readyz").status == 200:
                return
        except ConnectionError:
            pass
        pause.wait(0.02)
    raise AssertionError(log.read_text(encoding="utf-8"))
