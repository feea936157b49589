"""The stage: folder, port, processes, people, and what is written down along the way."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired

import httpx2 as httpx
from pydantic import BaseModel, ConfigDict

from certs.canonical import Json
from hub.clock import Clock, system_clock
from hub.ops.city import CitySummary, Sample
from hub.ops.demo.api import Api, Connect
from hub.ops.demo.cast import CONNECTED, Account, Cast, gather
from hub.ops.demo.connector import Answer, Connector, Question, Refusal, Verified
from hub.ops.demo.errors import CityTooSmall, HubEnded, PortTaken
from hub.ops.demo.folder import DemoFolder
from hub.ops.demo.processes import Children, command_of
from hub.ops.demo.telling import Teller

HUB_NAME = "demo.yifen"
HOST = "127.0.0.1"
USUAL_PORT = 8440
PATIENCE = 30.0
_LOOK_EVERY = 0.05
_MOMENT = 0.5
_LOG_TAIL = 1000


@dataclass(frozen=True, slots=True)
class Options:
    """How large the city is, and where it plays; ``port`` None is the usual one if it is free."""

    folder: Path
    residents: int
    enterprises: int
    seed: int
    port: int | None


@dataclass(frozen=True, slots=True)
class Office:
    """A department that has a connector: its officer, its files."""

    code: str
    officer: Account
    connector: Connector
    files: Path


class _Session(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    token: str


@dataclass(slots=True)
class Stage:
    """What every act needs."""

    options: Options
    folder: DemoFolder
    port: int
    children: Children
    teller: Teller
    cast: Cast
    offices: Mapping[str, Office]
    clock: Clock
    connect: Connect
    earlier: bool
    """Whether an earlier demonstration's folder was removed."""
    hub: Popen[bytes] | None = None
    asked: dict[str, list[int]] = field(default_factory=dict)
    """The entries that the departments were told of, by subject."""
    refused: int = 0
    filed: set[tuple[str, str]] = field(default_factory=set)
    """Papers that departments have on file: type and holder."""
    asked_in_cases: set[int] = field(default_factory=set)
    """Where rounds of questions begin in the ledger that cases were told of."""

    @property
    def address(self) -> str:
        """Where the hub answers."""
        return f"http://{HOST}:{self.port}"

    def serve(self) -> None:
        """Start the hub, and wait until it is ready; raises ``HubEnded``."""
        command = (*command_of("hub"), "--folder", str(self.folder.hub), "serve")
        self.hub = self.children.start(command, self.folder.log)
        deadline = time.monotonic() + PATIENCE
        with httpx.Client(base_url=self.address, trust_env=False) as client:
            while time.monotonic() < deadline:
                if self.hub.poll() is not None:
                    break
                try:
                    if client.get("/readyz").is_success:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(_LOOK_EVERY)
        raise self.hub_ended()

    def hub_is_gone(self) -> bool:
        """Whether the hub's process has ended; its connections may break a moment before."""
        if self.hub is None:
            return False
        try:
            self.hub.wait(_MOMENT)
        except TimeoutExpired:
            return False
        return True

    def hub_ended(self) -> HubEnded:
        """The error of a hub that is no longer there, with the end of what it said."""
        status = None if self.hub is None else self.hub.poll()
        log = self.folder.log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:].strip()
        return HubEnded(status="?" if status is None else status, log=log)

    def sign_in(self, account: Account) -> Api:
        """The API as somebody who has signed in with the password."""
        return self._sign_in(account, account.password)

    def take_up(self, account: Account) -> None:
        """Change the password that the administrator has set, as its person does first of all."""
        api = self._sign_in(account, account.initial)
        api.call("PUT", "/v1/session/password", {"new": account.password, "old": account.initial})
        api.close()

    def _sign_in(self, account: Account, password: str) -> Api:
        api = self.connect(self.address, None)
        given: dict[str, Json] = {"account": account.account, "password": password}
        session = _Session.model_validate(api.call("POST", "/v1/session", given))
        api.close()
        return self.connect(self.address, session.token)

    def ask(self, office: Office, question: Question) -> Answer | Verified | Refusal:
        """Have a department ask, and write down what entry it was told of."""
        told = office.connector.ask(question)
        entry = told.entry if isinstance(told, Refusal) else told.proof.entry
        self.refused += isinstance(told, Refusal)
        if entry is not None:
            self.note(question.subject, entry)
        return told

    def note(self, subject: str, entry: int) -> None:
        """Write down an entry about a subject."""
        self.asked.setdefault(subject, []).append(entry)


@contextmanager
def set_stage(options: Options, teller: Teller, connect: Connect) -> Iterator[Stage]:
    """Make the folder anew and choose a port; at the end of the block every child has ended.

    Raises ``FolderTaken``, ``DemoRunning`` or ``PortTaken``.
    """
    folder = DemoFolder(options.folder.absolute())
    port = free_port(options.port)
    earlier = folder.prepare()
    try:
        with Children(teller.language) as children:
            cast = gather(teller.language)
            stage = Stage(
                options=options,
                folder=folder,
                port=port,
                children=children,
                teller=teller,
                cast=cast,
                offices={code: _office(code, cast, folder, children) for code in CONNECTED},
                clock=system_clock,
                connect=connect,
                earlier=earlier,
            )
            yield stage
    finally:
        folder.close()


def free_port(wanted: int | None) -> int:
    """The port that was asked for, the usual one if none was, or any; raises ``PortTaken``."""
    for port in (wanted,) if wanted is not None else (USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
                # Two may be bound side by side, but not both listen.
                probe.listen()
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise PortTaken(port=wanted or USUAL_PORT)


def sample(city: CitySummary, role: str) -> Sample:
    """Somebody of the city; raises ``CityTooSmall``."""
    if role not in city.samples:
        raise CityTooSmall(role=role)
    return city.samples[role]


def full(code: str) -> str:
    """A local code with the hub's name before it."""
    return f"{HUB_NAME}:{code}"


def _office(code: str, cast: Cast, folder: DemoFolder, children: Children) -> Office:
    root = folder.department(code)
    return Office(
        code=code,
        officer=cast.officer(code),
        connector=Connector(children, root / "connector"),
        files=root / "data",
    )
