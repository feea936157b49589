"""Cut off before or after any step that lasts, an upload resumes or vanishes, and nothing is left.

Steps that last are the commits of the database and the puts and removals of the store. Before or
after each of them in turn the process ends; another one opens the hub, and either the sender asks
again or a day passes.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest
from world import papers
from world.filing import HOLDER, LEASE, prepare
from world.town import Town, World, open_world

from certs.encoding import b64u
from hub.clock import DAY
from hub.ledger.change import Actor
from hub.materials.metadata import Announced
from hub.materials.sealed import PIECE
from hub.materials.uploads import Sender
from hub.storage.objects import FolderObjects

GOOD = papers.pdf(size=PIECE + 50)
BAD = b"<html>" + bytes(PIECE)
SENDER = Sender(Actor("connector", connector="urn:x", department="nrb"), "nrb", "urn:x", None)
MOST = 30


class CutOffError(BaseException):
    """The process ends here."""


class Cutter:
    """Ends the process at the n-th moment before or after a step that lasts."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.cut = False

    def moment(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.cut = True
        if self.cut:
            raise CutOffError

    def around(self, step: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **named: object) -> object:
            self.moment()
            done = step(*arguments, **named)
            self.moment()
            return done

        return run


class CuttingObjects(FolderObjects):
    def __init__(self, root: Path, cutter: Cutter) -> None:
        super().__init__(root)
        self.put = cutter.around(super().put)  # type: ignore[method-assign,assignment]
        self.remove = cutter.around(super().remove)  # type: ignore[method-assign,assignment]


def cutting(world: World, cutter: Cutter) -> None:
    """Let the world's hub end at the cutter's moment."""
    hub = world.hub
    hub.materials._objects = CuttingObjects(hub.folder.objects, cutter)
    change = hub.changes.change

    @contextmanager
    def cut(*arguments: object, **named: object) -> Iterator[object]:
        cutter.moment()
        with change(*arguments, **named) as made:  # type: ignore[arg-type]
            yield made
        cutter.moment()

    hub.changes.change = cut  # type: ignore[method-assign,assignment]


async def deliver(world: World, data: bytes) -> str:
    """What a sender does, from the beginning; gives the state that it is told."""
    intake = world.hub.materials
    announced = Announced.model_validate(
        {
            "subject": {"type": "resident_id", "id": HOLDER},
            "media_type": "application/pdf",
            "size": len(data),
            "sha256": sha256(data).hexdigest(),
        }
    )
    begun = intake.begin(LEASE, announced, b64u(b"t" * 16), SENDER)
    if begun.state == "receiving":
        here = (await intake.received(begun.upload, SENDER))["received"]
        assert isinstance(here, list)
        for number in range(begun.pieces):
            if number not in here:
                piece = data[number * PIECE : (number + 1) * PIECE]
                await intake.receive(begun.upload, number, piece, SENDER)
    return str((await intake.complete(begun.upload, SENDER))["state"])


def stored(world: World) -> list[str]:
    root = world.hub.folder.objects
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def materials(world: World) -> list[str]:
    rows = world.hub.store.connection.execute("SELECT id FROM materials").fetchall()
    return [name for (name,) in rows]


def belonging(world: World) -> list[str]:
    """What the materials that are on file have in the store."""
    return [
        f"{name}/{part}"
        for name in materials(world)
        for part in ("00000000", "00000001", "thumbnail")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("after", ["ask again", "a day later"])
@pytest.mark.parametrize("what", ["good", "bad"])
def test_cut_off_anywhere(town: Town, tmp_path: Path, what: str, after: str) -> None:
    data = GOOD if what == "good" else BAD
    for at in range(1, MOST):
        cutter = Cutter(at)
        with open_world(town, tmp_path / f"hub-{at}") as world:
            prepare(world)
            cutting(world, cutter)
            with suppress(CutOffError):
                asyncio.run(deliver(world, data))
            with_next(world, data, what, after)
        if not cutter.cut:
            break
    assert 8 < at < MOST


def with_next(world: World, data: bytes, what: str, after: str) -> None:
    """The next process: whatever was cut off ends well."""
    following = world.again()
    try:
        if after == "ask again":
            told = asyncio.run(deliver(following, data))
            assert told == ("filed" if what == "good" else "refused")
            assert len(materials(following)) == (what == "good")
        following.time.now += DAY + 1
        for _ in range(2):
            asyncio.run(following.hub.materials.sweep())
        assert stored(following) == belonging(following)
        (left,) = following.hub.store.connection.execute(
            "SELECT count(*) FROM material_uploads"
        ).fetchone()
        assert left == 0
        assert following.findings().faults == ()
    finally:
        following.hub.close()
