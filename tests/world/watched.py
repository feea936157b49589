"""A hub with witnesses, all in one process: real ones, reached over ASGI, and dishonest ones."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2

from certs.cosignature import Witness as PublicWitness
from certs.keys import generate
from certs.note import read_note
from certs.note import vkey as vkey_of
from connectors.witness.app import create_app
from connectors.witness.folder import open_store, open_witness
from hub.ledger.checkpoint import newest
from hub.ledger.witnesses import Submitter
from hub.runtime import Hub, open_hub
from world.time import Time
from world.town import Town, World
from world.witnessing import House, house

PATIENCE = 10.0
"""Seconds: no witness is waited for longer."""
Behaviour = Callable[[httpx2.Request], Awaitable[httpx2.Response]]


@dataclass
class Wires(httpx2.AsyncBaseTransport):
    """The way to every witness, by host; what stands in ``odd`` answers in its place."""

    houses: dict[str, House] = field(default_factory=dict)
    odd: dict[str, Behaviour] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        host = request.url.host
        self.asked.append((host, request.content))
        odd = self.odd.get(host)
        answer = await (self.honest(host, request) if odd is None else odd(request))
        # As it would come from a socket: not yet read.
        stream = httpx2.ByteStream(answer.content)
        return httpx2.Response(answer.status_code, headers=dict(answer.headers), stream=stream)

    async def honest(self, host: str, request: httpx2.Request) -> httpx2.Response:
        one = self.houses[host]
        with closing(open_store(one.path)) as store:
            app = create_app(open_witness(one.path, store, one.clock))
            answer = await httpx2.ASGITransport(app).handle_async_request(request)
            await answer.aread()
        return answer


async def dead(_: httpx2.Request) -> httpx2.Response:
    """Nobody listens there."""
    raise httpx2.ConnectError("nobody")


@dataclass
class Watched:
    """A world whose hub has witnesses."""

    world: World
    wires: Wires

    @property
    def hub(self) -> Hub:
        return self.world.hub

    @property
    def time(self) -> Time:
        return self.world.time

    def house(self, number: int) -> House:
        return self.wires.houses[f"w{number}.example"]

    def enter(self) -> None:
        """One question, entered and under a checkpoint."""
        assert self.world.ask(self.world.nrb.lookup()).status == 200
        self.publish()

    def publish(self) -> int:
        """Checkpoints for all that has been entered; gives the size of the newest."""
        while self.hub.checkpointer.step() is not None:
            pass
        published = newest(self.hub.reading)
        assert published is not None
        return published.size

    def round(self) -> None:
        """One round, and all that came of it."""

        async def once() -> None:
            submitter = self.hub.submitter
            await asyncio.wait_for(submitter.round(), PATIENCE)
            await asyncio.wait_for(asyncio.gather(*submitter._busy.values()), PATIENCE)
            await submitter.close()

        asyncio.run(once())
        self.hub.coverage.refresh()

    def cosigned(self) -> int | None:
        """The size of the newest checkpoint with a quorum."""
        found = self.hub.coverage.cosigned()
        return None if found is None else found.size

    def troubles(self) -> list[str]:
        return [one.trouble for one in self.hub.coverage.standings()]

    def again(self) -> "Watched":
        """Another process of the same hub, which has not the lease."""
        return Watched(_wired(self.world.again(), self.wires), self.wires)

    def restart(self, witness: str | None = None) -> None:
        """End the process and start it again, with another ``[witness]`` if one is given."""
        self.hub.close()
        self.start(witness)

    def start(self, witness: str | None = None) -> None:
        """Start the process, which has ended."""
        if witness is not None:
            file = self.world.root / "hub.toml"
            kept = file.read_text(encoding="utf-8").partition("\n[witness]")[0]
            file.write_text(kept + witness, encoding="utf-8")
        self.world = _wired(self.world.again(), self.wires)


def _wired(world: World, wires: Wires) -> World:
    hub = world.hub
    submitter = Submitter(hub.store, hub.reading, hub.coverage, hub.settings.witness, wires)
    return replace(world, hub=replace(hub, submitter=submitter), _fronts=[])


def settings(pins: list[PublicWitness], *, quorum: int, max_age: int = 300) -> str:
    """The tables of ``hub.toml`` for these witnesses, each at the host of its name."""
    tables = [f"\n[witness]\nquorum = {quorum}\nmax_age = {max_age}\n"]
    for pin in pins:
        host = pin.name.partition("/")[0]
        tables.append(
            f'[[witness.witnesses]]\nname = "{pin.name}"\nvkey = "{pin.vkey}"\n'
            f'url = "https://{host}"\n'
        )
    return "\n".join(tables)


@contextmanager
def watched(
    town: Town, folder: Path, *, witnesses: int = 3, quorum: int = 2, max_age: int = 300
) -> Iterator[Watched]:
    """A copy of a town with witnesses that know its log."""
    root = town.copy(folder / "hub")
    clock = Time(town.founded)
    plain = open_hub(root, clock)
    vkeys = str(plain.origin), plain.checkpoint_key
    plain.close()
    wires = Wires()
    for number in range(witnesses):
        host = f"w{number}.example"
        wires.houses[host] = house(
            folder / f"witness{number}", vkey_of(*vkeys), name=f"{host}/witness", clock=clock
        )
    pins = [one.public for one in wires.houses.values()]
    with (root / "hub.toml").open("a", encoding="utf-8") as file:
        file.write(settings(pins, quorum=quorum, max_age=max_age))
    opened = Watched(_wired(World(root, town, open_hub(root, clock), clock), wires), wires)
    try:
        yield opened
    finally:
        opened.hub.close()


def stranger(host: str = "stranger.example") -> PublicWitness:
    """A witness that nobody serves."""
    return PublicWitness(f"{host}/witness", generate("ed25519").public)


def note_of(here: Watched) -> str:
    published = newest(here.hub.reading)
    assert published is not None
    return published.note


def log_note(here: Watched) -> str:
    """The newest note without cosignatures."""
    note = read_note(note_of(here))
    log = tuple(one for one in note.signatures if one.name == here.hub.origin)
    return note._replace(signatures=log).written
