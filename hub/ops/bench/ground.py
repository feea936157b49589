"""The ground of the bench: a hub of its own, a department that publishes and one that asks."""

import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket

from certs.canonical import Json
from certs.encoding import rfc3339
from certs.keys import write_secret
from hub.clock import DAY, system_clock
from hub.errors import Unavailable
from hub.ops.api import Api
from hub.ops.init import init
from hub.ops.on_record import ON_RECORD

ITEMS = ("name", "sex", "birth_date", "address")
PURPOSE = "real_estate_registration"
OFFICER = "bench.officer"
DATASET = "resident"
_READY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Ground:
    """A running hub with its folders; ``pid`` is the serving process.

    It tells the ledger's processor time in the file ``account``.
    """

    folder: Path
    account: Path
    address: str
    port: int
    pid: int
    provider: Path
    asker: Path


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket(AF_INET, SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ground(root: Path) -> Iterator[Ground]:
    """Make a hub in an empty folder, enrol two connectors, serve; ends the hub afterwards."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    password = secrets.token_urlsafe(18)
    administrator = ("bench.admin", "Bench", password)
    init(root / "hub", "bench.yifen", address, system_clock, administrator=administrator)
    server = subprocess.Popen(  # noqa: S603 our own command
        [
            sys.executable,
            "-m",
            "hub.ops.bench.server",
            str(root / "hub"),
            str(root / "account"),
        ]
    )
    try:
        wait_ready(address)
        api = Api(address, None)
        session = api.call(
            "POST", "/v1/session", {"account": administrator[0], "password": password}
        )
        token = str(session["token"]) if isinstance(session, dict) else ""
        api = Api(address, token)
        homes = _departments(api, root)
        yield Ground(root / "hub", root / "account", address, port, server.pid, *homes)
    finally:
        server.terminate()
        server.wait()


def wait_ready(address: str) -> None:
    """Wait until the hub answers; raises ``Unavailable`` after 20 seconds."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=1):  # noqa: S310 loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise Unavailable(why="no-answer")


def connector(home: Path, *words: str, stdin: str | None = None) -> str:
    """Run ``connector`` as a department would; its output."""
    done = subprocess.run(  # noqa: S603 our own command
        [sys.executable, "-m", "connectors", "--home", str(home), "--json", *words],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        raise Unavailable(why=f"connector {words[0]} ended with {done.returncode}")
    return done.stdout


def _departments(api: Api, root: Path) -> tuple[Path, Path]:
    now = system_clock()
    homes: list[Path] = []
    for code in ("provider", "asker"):
        api.call("POST", "/v1/departments", {"code": code, "title_zh": code, "title_en": code})
        invitation = api.call("POST", "/v1/invitations", {"department": code, "name": "bench"})
        text = str(invitation["invitation"]) if isinstance(invitation, dict) else ""
        file = root / f"{code}.invitation"
        write_secret(file, f"{text}\n".encode("ascii"))
        home = root / code
        connector(home, "enrol", str(file))
        homes.append(home)
    definition = (files("catalog.datasets") / f"{DATASET}.toml").read_text(encoding="utf-8")
    body: dict[str, Json] = {"department": "provider", "definition": definition}
    api.call("POST", "/v1/datasets", {**body, "on_record": ON_RECORD})
    api.call(
        "POST",
        "/v1/people",
        {
            "account": OFFICER,
            "department": "asker",
            "name": "Bench",
            "password": secrets.token_urlsafe(18),
            "roles": ["officer"],
        },
    )
    api.call(
        "POST",
        "/v1/grants",
        {
            "channels": ["connector"],
            "dataset": DATASET,
            "department": "asker",
            "items": dict.fromkeys(ITEMS, "full"),
            "operations": ["lookup"],
            "purposes": [PURPOSE],
            "valid_from": rfc3339(now),
            "valid_until": rfc3339(now + DAY),
        },
    )
    return homes[0], homes[1]
