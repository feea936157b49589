"""Witnesses as they really run, a log in miniature for them to look at, and a dead one."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from certs.cosignature import Witness as PublicWitness
from certs.keys import PrivateKey, generate
from certs.note import Checkpoint, sign_checkpoint, vkey
from certs.tree import consistency_proof, leaf_hash, node_hash, root_at
from connectors.clock import Clock
from connectors.witness.app import create_app
from connectors.witness.folder import add_log, make, open_store, open_witness
from connectors.witness.store import Cosigned, Refused
from world.serving import PATIENCE, environment, free_port

_ROOT = Path(__file__).resolve().parents[2]
NAME = "witness.example/w"


@dataclass
class SmallLog:
    """A log of any origin; what is not given is honest."""

    origin: str = "demo.yifen/ledger/1"
    key: PrivateKey = field(default_factory=lambda: generate("ed25519"))
    leaves: list[bytes] = field(default_factory=list)

    @property
    def vkey(self) -> str:
        return vkey(self.origin, self.key.public)

    def grow(self, count: int, text: str = "leaf") -> None:
        start = len(self.leaves)
        self.leaves += [leaf_hash(f"{text} {n}".encode()) for n in range(start, start + count)]

    def fork(self, kept: int) -> "SmallLog":
        """Another history under the same key, the same up to ``kept``."""
        return SmallLog(self.origin, self.key, self.leaves[:kept])

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.leaves) if size is None else size
        return Checkpoint(self.origin, size, root_at(size, self.node))

    def note(self, size: int | None = None) -> str:
        return sign_checkpoint(self.checkpoint(size), self.origin, self.key)

    def proof(self, old: int, size: int | None = None) -> list[bytes]:
        size = len(self.leaves) if size is None else size
        return consistency_proof(old, size, self.node) if old else []

    def body(
        self,
        old: int,
        size: int | None = None,
        *,
        note: str | None = None,
        proof: Sequence[bytes] | None = None,
    ) -> bytes:
        """A request of ``add-checkpoint``."""
        hashes = self.proof(old, size) if proof is None else proof
        lines = [f"old {old}", *(b64encode(one).decode() for one in hashes), ""]
        return ("\n".join(lines) + "\n" + (self.note(size) if note is None else note)).encode()

    def node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.leaves[index]
        return node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))


@dataclass(frozen=True)
class Told:
    """What a witness answered."""

    status: int
    content_type: str
    text: str


@dataclass
class House:
    """A witness's folder, made as an operator makes it."""

    path: Path
    public: PublicWitness
    clock: Clock

    def post(self, body: bytes, path: str = "/add-checkpoint") -> Told:
        """One request to its application, over ASGI."""
        return self.call("POST", path, body)

    def call(self, method: str, path: str, body: bytes = b"") -> Told:
        with closing(open_store(self.path)) as store:
            app = create_app(open_witness(self.path, store, self.clock))
            transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
            return asyncio.run(_call(transport, method, path, body))

    def cosigned(self, origin: str) -> Cosigned | None:
        with closing(open_store(self.path)) as store:
            return store.cosigned(origin)

    def refused(self, origin: str) -> list[Refused]:
        with closing(open_store(self.path)) as store:
            return store.refused(origin)


async def _call(transport: httpx2.ASGITransport, method: str, path: str, body: bytes) -> Told:
    async with httpx2.AsyncClient(transport=transport, base_url="http://witness") as client:
        answer = await client.request(method, path, content=body)
    return Told(answer.status_code, answer.headers.get("content-type", ""), answer.text)


def house(path: Path, *vkeys: str, name: str = NAME, clock: Clock | None = None) -> House:
    """Make a witness that looks at the logs of these keys."""
    public = make(path, name)
    for one in vkeys:
        add_log(path, one)
    return House(path, public, clock or _now)


def _now() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Process:
    """A witness that serves on loopback as a process of its own."""

    house: House
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def table(self) -> str:
        """Its table in ``hub.toml``."""
        public = self.house.public
        return (
            "[[witness.witnesses]]\n"
            f'name = "{public.name}"\nvkey = "{public.vkey}"\nurl = "{self.url}"\n'
        )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def start_again(self) -> None:
        self.process = start_witness(self.house.path, self.port)
        until_open(self.url, self.process)


@contextmanager
def witness_process(
    path: Path, *vkeys: str, name: str = NAME, program: Sequence[str] = ()
) -> Iterator[Process]:
    """Make and serve a witness until the end of the block."""
    port = free_port()
    made = house(path, *vkeys, name=name)
    process = Process(made, port, start_witness(path, port, program))
    try:
        until_open(process.url, process.process)
        yield process
    finally:
        if process.process.poll() is None:
            process.process.terminate()
        try:
            process.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.process.kill()
            process.process.wait()


def start_witness(path: Path, port: int, program: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a witness; ``program`` is another Python file with the same arguments."""
    command = program or ["-m", "connectors", "witness", "serve"]
    log = path.parent / f"{path.name}.log"
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *command, str(path), "--listen", f"127.0.0.1:{port}"],
            cwd=_ROOT,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def until_open(url: str, process: subprocess.Popen[bytes]) -> None:
    """Ask until something answers; an event that nobody sets gives the pause between."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE
    with httpx2.Client(trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client.get(url)
            except httpx2.HTTPError:
                pause.wait(0.02)
            else:
                return
    raise AssertionError(f"no witness at {url}")
