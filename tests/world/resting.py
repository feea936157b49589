"""Materials and cases whose retention runs out: what they leave behind, and destroying it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from certs.canonical import Json
from hub.cases.kept import find_unlocked
from hub.materials.records import MaterialRecords
from hub.storage.sqlite import connect
from world.aging import BASIS, PIECE, YEAR
from world.casework import APPLICANT, Casework
from world.filing import LEASE, file_one
from world.papers import pdf
from world.time import DAY
from world.town import ADMINISTRATOR, World

LONG = 3 * YEAR + 2 * DAY


@dataclass(frozen=True)
class Rested:
    """A material on file, a case that rests on it and was concluded, and another one withdrawn."""

    desk: Casework
    material: str
    case: str
    withdrawn: str

    @property
    def world(self) -> World:
        return self.desk.world


def rested(desk: Casework) -> Rested:
    """File, open, conclude; nothing of it has aged yet."""
    material = desk.file()
    case = str(desk.open()["case"])
    desk.ready()
    assert desk.act("conclude", result="accepted", reason="材料齐全").status == 200
    assert desk.last["status"] == "concluded"
    for number, outcome in ((1, "checked"), (2, "failed")):
        assert desk.act(f"commitments/{number}", outcome=outcome).status == 200
    withdrawn = str(desk.open()["case"])
    assert desk.act("withdraw").status == 200
    return Rested(desk, material, case, withdrawn)


def states(world: World, what: str) -> dict[str, str]:
    """Of what is past its retention, by id."""
    return {one.id: one.state for one in world.hub.destructions.past(what)}  # type: ignore[arg-type]


def destroy(world: World, what: str, *ids: str) -> int:
    """Destroy contents to the end, as an administrator; gives the entry."""
    position = world.hub.destructions.enter(what, ids, BASIS, ADMINISTRATOR)
    assert world.hub.destructions.step()
    return position


def faults(world: World) -> set[str]:
    return {fault.why for fault in world.findings().faults}


def on_file(world: World, subject: str = APPLICANT) -> list[list[str]]:
    """What a lookup would read of the subject's materials."""
    hub = world.hub
    hub.book.refresh()
    source = hub.book.current().source(LEASE)
    assert source is not None
    reading = MaterialRecords(hub.reading, hub.master, hub.cases.tags, hub.clock)
    return reading.rows(source.dataset, subject)


def content_of(world: World, case: str) -> Json:
    """The notice of a case, as its department reads it."""
    return find_unlocked(world.hub.reading, world.hub.master, case, "nrb").content.notice


def blobs(world: World, *queries: str, of: str = "%") -> list[bytes]:
    """What the database holds now of one content, of whatever is long enough to be looked for."""
    connection = connect(world.hub.folder.control)
    found = [
        value for query in queries for row in connection.execute(query, (of,)) for value in row
    ]
    connection.close()
    return [value for value in found if isinstance(value, bytes) and len(value) >= PIECE]


MATERIAL_BYTES = (
    "SELECT key, tag, twin FROM materials WHERE id LIKE ?",
    "SELECT sealed FROM material_filings WHERE material LIKE ?",
)
CASE_BYTES = ("SELECT key, sealed FROM cases WHERE id LIKE ?",)


def lying(root: Path, values: Iterable[bytes]) -> set[str]:
    """In which files beneath a folder 16 bytes of any of these values are."""
    pieces = {
        value[at : at + PIECE] for value in values for at in range(0, len(value) - PIECE + 1, PIECE)
    }
    assert pieces
    found: set[str] = set()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if any(piece in data for piece in pieces):
                found.add(path.relative_to(root).as_posix())
    return found


def file_anew(world: World, text: str, subject: str = APPLICANT) -> str:
    """File by the department whose type it is, which needs no grant, however late it is."""
    return file_one(world, pdf(text), subject=subject, department="mrb")


def sweep(world: World) -> None:
    """Forget uploads that have ended."""
    asyncio.run(world.hub.materials.sweep())
