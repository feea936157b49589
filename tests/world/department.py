"""A department as it really runs: hub, gateway and calling system, each a process of its own."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from connectors.enrolment import enrol, read_invitation
from connectors.gateway.keys import FILE, add_key
from hub.access import connectors
from hub.runtime import open_hub
from world.serving import Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, Town

ROOT = Path(__file__).resolve().parents[2]
LIAR = ROOT / "tests" / "flows" / "dishonest_hub.py"
PATIENCE = 30.0
OFFICER = "nrb.officer"


@dataclass(frozen=True)
class Reply:
    """What a calling system got."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:  # type: ignore[explicit-any]
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def code(self) -> str:
        return str(self.document["code"])


def question(**members: object) -> dict[str, object]:
    """A question that the town's grant covers, with some members changed or, if None, left out."""
    asked: dict[str, object] = {
        "subject": {"type": "resident_id", "id": SUBJECTS[0]},
        "items": ["name", "sex"],
        "purpose": PURPOSE,
        "officer": OFFICER,
    }
    if "claims" in members:
        del asked["items"]
    return {name: value for name, value in (asked | members).items() if value is not None}


@dataclass
class Gate:
    """A gateway, started and ended at will."""

    home: Path
    port: int
    log: Path
    key: str
    process: subprocess.Popen[bytes] | None = None
    _settings: str = field(default="", repr=False)

    def configure(self, **settings: object) -> None:
        """Write ``[gateway]`` with these settings; takes effect at the next start."""
        file = self.home / "connector.toml"
        if not self._settings:
            self._settings = file.read_text("utf-8")
        values = {"listen": f"127.0.0.1:{self.port}", **settings}
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
        file.write_text(f"{self._settings}\n[gateway]\n{lines}", "utf-8")

    def start(self, *, until: str = "ready") -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "connectors", "--home", str(self.home), "serve"],
                cwd=ROOT,
                env=environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if until == "ready":
            self.wait(lambda: self.get("/healthz").status in {200, 503})

    def kill(self) -> None:
        """As the power would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to end; gives its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def wait(self, met: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Look again and again until it is met; an event that nobody sets gives the pause."""
        pause, deadline = threading.Event(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if met():
                    return
            except OSError:
                assert self.process is not None
                if self.process.poll() is not None:
                    break
            pause.wait(0.02)
        raise AssertionError(self.log.read_text("utf-8"))

    # -- asking -------------------------------------------------------------------------------
    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def http(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        connection: HTTPConnection | None = None,
    ) -> Reply:
        own = connection or self.connect()
        try:
            own.request(method, path, body or None, headers)
            response = own.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, response.read())
        finally:
            if connection is None:
                own.close()

    def get(self, path: str, key: str | None = None) -> Reply:
        return self.http("GET", path, {"Authorization": f"Bearer {key or self.key}"})

    def ask(
        self,
        asked: dict[str, object] | bytes | None = None,
        *,
        path: str = "/lookup/resident",
        key: str | None = None,
        connection: HTTPConnection | None = None,
        **headers: str,
    ) -> Reply:
        """Ask with a key, by default the one of this gateway."""
        body = asked if isinstance(asked, bytes) else json.dumps(asked or question()).encode()
        given = {
            "Authorization": f"Bearer {key or self.key}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.http("POST", path, given, body, connection)

    def new_key(self, name: str, **terms: object) -> str:
        """A key made while the gateway serves."""
        wanted: dict[str, Any] = {  # type: ignore[explicit-any]
            "purposes": (PURPOSE,),
            "datasets": None,
            "rate": None,
            "now": 0,
            **terms,
        }
        return add_key(self.home / FILE, name, **wanted)

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``connector`` on the same folder."""
        return subprocess.run(
            [sys.executable, "-m", "connectors", "--home", str(self.home), *words],
            cwd=ROOT,
            env=environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def json(self, *words: str) -> dict[str, Any]:  # type: ignore[explicit-any]
        """What a command tells programs."""
        ran = self.command("--json", *words)
        found = json.loads(ran.stdout)
        assert isinstance(found, dict)
        return found


@dataclass
class HubProcess:
    """The hub on its port, honest or not, started and ended at will."""

    town: Town
    folder: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, lie: str | None = None) -> None:
        """Serve; with ``lie`` as ``dishonest_hub.py`` does."""
        if lie is None:
            self.process = start(self.folder, self.log)
        else:
            with self.log.open("wb") as output:
                self.process = subprocess.Popen(
                    [sys.executable, str(LIAR), str(self.folder), str(self.port), lie],
                    env=environment(),
                    cwd=ROOT,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
        until_ready(Served(self.town, self.folder, self.port, self.process), self.log)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def pause(self) -> None:
        """Let it hold every connection open and answer nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@dataclass
class Bureau:
    """A serving hub and a department's gateway that serves too."""

    hub: HubProcess
    gate: Gate


@dataclass(frozen=True)
class Invited:
    """A serving hub and the invitation of a connector that has not enrolled."""

    hub: HubProcess
    invitation: str


@contextmanager
def inviting(town: Town, folder: Path) -> Iterator[Invited]:
    """Serve a copy of a town that has invited a connector of the department with the grant."""
    port = free_port()
    town.copy(folder, f"http://127.0.0.1:{port}")
    hub = open_hub(folder)
    invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
    hub.close()
    process = HubProcess(town, folder, port, folder.with_suffix(".log"))
    process.start()
    try:
        yield Invited(process, invitation)
    finally:
        process.resume()
        process.stop()


@contextmanager
def enrolled(invited: Invited, home: Path) -> Iterator[Bureau]:
    """A gateway of the invited connector that has a key and does not serve yet."""
    enrol(read_invitation(invited.invitation), home)
    with gateway_of(home) as gate:
        yield Bureau(invited.hub, gate)


@contextmanager
def gateway_of(home: Path) -> Iterator[Gate]:
    """The gateway of an enrolled folder, with a key; it ends with the block."""
    gate = Gate(home, free_port(), home.with_suffix(".log"), "")
    gate.key = gate.new_key("counter")
    gate.configure()
    try:
        yield gate
    finally:
        if gate.process is not None and gate.process.poll() is None:
            gate.kill()
