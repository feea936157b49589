"""The clients of a run: enrolled in a copy of a town, and running in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from crash.client import PATIENCE, Connector, Orders
from crash.journal import Journals
from world.serving import environment
from world.town import ADMINISTRATOR, HUB

from certs.canonical import parse
from certs.certificates import read_certificate
from certs.encoding import unb64u
from certs.enrolment import make_request
from certs.keys import PublicKey, generate
from hub.access import connectors
from hub.runtime import Hub, open_hub

DEPARTMENT = "nrb"
"""The department that has the town's grant."""
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ground:
    """A copy of a town in which many clients are enrolled, ready to be served."""

    folder: Path
    place: Path
    """Where keys, journals and orders of the clients lie."""
    connectors: tuple[Connector, ...]
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def checkpoint_keys(self) -> list[PublicKey]:
        """Every key of checkpoints whose certificate lies in the hub's folder."""
        found = sorted((self.folder / "keys").glob("checkpoint*.pem"))
        return [read_certificate(path.read_bytes()).public for path in found]

    def journals(self) -> Journals:
        return Journals([Path(connector.journal) for connector in self.connectors])


def enrol(folder: Path, place: Path, port: int, count: int) -> Ground:
    """Enrol ``count`` clients of the department with the grant; the hub must not be serving."""
    place.mkdir()
    hub = open_hub(folder)
    try:
        enrolled = tuple(_enrol(hub, place, f"client-{number:02}") for number in range(count))
        hub.checkpointer.step()
    finally:
        hub.close()
    return Ground(folder, place, enrolled, port)


def _enrol(hub: Hub, place: Path, name: str) -> Connector:
    text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, DEPARTMENT, name)
    invitation = parse(unb64u(text), max_bytes=1 << 20, max_depth=20)
    assert isinstance(invitation, dict)
    key, urn = generate(), str(invitation["connector"])
    request = make_request(key, urn)
    enrolled = connectors.enrol(hub.changes, hub.trust, str(invitation["token"]), request)
    path = place / f"{name}.key"
    key.save(path)
    keyid = read_certificate(enrolled.pem).keyid
    return Connector(urn, keyid, str(path), str(place / f"{name}.journal"))


class Clients:
    """The client processes of a run; ended with the block."""

    def __init__(self, ground: Ground, *, processes: int, seed: int) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        for number in range(processes):
            orders = Orders(
                address=ground.address,
                department=DEPARTMENT,
                hub=HUB,
                root=str(ground.folder / "keys" / "root.pem"),
                seed=seed + number,
                connectors=ground.connectors[number::processes],
            )
            path = ground.place / f"orders-{number}.json"
            orders.write(path)
            self._processes.append(_start(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self.end()
        return False

    def ask_at(self, ports: Sequence[int]) -> None:
        """From now on the hub is to be met at these ports."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(" ".join(str(port) for port in ports) + "\n")
            process.stdin.flush()

    def alive(self) -> bool:
        """Whether all client processes still run."""
        return all(process.poll() is None for process in self._processes)

    def end(self) -> None:
        """Let each finish its question, and wait for it."""
        for process in self._processes:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(PATIENCE + 5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(orders: Path) -> subprocess.Popen[str]:
    given = environment()
    return subprocess.Popen(
        [sys.executable, "-m", "crash.client", str(orders)],
        cwd=_ROOT,
        env=given | {"PYTHONPATH": os.pathsep.join([given["PYTHONPATH"], str(_ROOT / "tests")])},
        stdin=subprocess.PIPE,
        text=True,
    )
