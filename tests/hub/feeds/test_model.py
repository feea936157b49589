"""Whatever happens, in whatever order, and however often it is cut off: the copy becomes right.

Change sets, full publications, marks, grants with other items, two processes of the hub, and a
follower that is killed between a page and its cursor, against a dict of what there is to be told.
"""

import random
from dataclasses import dataclass, field

import pytest
from publishing import resident_id
from world.asking import Members
from world.feeding import Follower, Provider, Row, ask, feed, page_of, regrant
from world.town import World

from catalog.masks import Mask, apply
from certs.canonical import Json
from hub.access.grant import Grant
from hub.errors import Conflict, NotFound

STEPS = 60
NUMBERS = 25
HOLDERS = 5


@dataclass
class Oracle:
    """What is on file, and what is granted of it."""

    rows: dict[str, Row] = field(default_factory=dict)
    marks: dict[tuple[str, int], str] = field(default_factory=dict)
    items: dict[str, Mask] = field(
        default_factory=lambda: {"licence_no": "full", "holder": "full", "note": "full"}
    )

    def told(self, holders: set[int] | None = None) -> dict[str, Members]:
        """What a right copy holds, by licence number."""
        found: dict[str, Members] = {}
        for number, holder, note in self.rows.values():
            mark = self.marks.get((number, holder))
            if mark == "repaired" or (holders is not None and holder not in holders):
                continue
            values = {"licence_no": number, "holder": resident_id(holder), "note": note}
            items: dict[str, Json] = {
                code: apply(mask, values[code]) for code, mask in self.items.items() if values[code]
            }
            found[number] = {
                "disputed": mark == "disputed",
                "items": items,
                "subject": {"id": resident_id(holder), "type": "resident_id"},
            }
        return found


@dataclass
class Life:
    """Random events to a dataset and its oracle."""

    world: World
    provider: Provider
    grant: Grant
    chance: random.Random
    oracle: Oracle

    def row(self) -> Row:
        chance = self.chance
        number = f"L{chance.randrange(NUMBERS)}"
        return number, chance.randrange(HOLDERS), chance.choice(["", "a", "b", "c"])

    def happen(self) -> None:
        event = self.chance.choices(
            [self.change, self.publish, self.mark, self.regrant], [6, 1, 5, 1]
        )[0]
        event()

    def change(self) -> None:
        upserts = {row[0]: row for row in (self.row() for _ in range(self.chance.randrange(4)))}
        numbers = {f"L{self.chance.randrange(NUMBERS)}" for _ in range(self.chance.randrange(4))}
        deletes = sorted(numbers - upserts.keys())
        if not upserts and not deletes:
            return
        self.provider.change(list(upserts.values()), deletes)
        self.oracle.rows |= upserts
        for number in deletes:
            self.oracle.rows.pop(number, None)

    def publish(self) -> None:
        rows = {row[0]: row for row in (self.row() for _ in range(self.chance.randrange(30)))}
        self.provider.publish(list(rows.values()))
        self.oracle.rows = rows

    def mark(self) -> None:
        if not self.oracle.rows:
            return
        row = self.chance.choice(sorted(self.oracle.rows.values()))
        kind = self.chance.choice(["disputed", "repaired", "cleared"])
        try:
            self.provider.mark(row, kind)  # type: ignore[arg-type]
        except (Conflict, NotFound):
            return
        if kind == "cleared":
            del self.oracle.marks[row[:2]]
        else:
            self.oracle.marks[row[:2]] = kind

    def regrant(self) -> None:
        items: dict[str, Mask] = {"licence_no": "full", "holder": "full"}
        note: Mask | None = self.chance.choice(["full", "present", None])
        if note is not None:
            items["note"] = note
        self.oracle.items = items
        self.grant = regrant(self.world, self.grant, items=items)


@pytest.mark.parametrize("seed", range(12))
def test_the_copy_becomes_right(world: World, provider: Provider, held: Grant, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 no secret
    life = Life(world, provider, held, chance, Oracle())
    other = world.again()
    workers = [world, other]
    holders = {0, 3}
    chosen: Json = [
        {"case": f"case-{one}", "id": resident_id(one), "type": "resident_id"}
        for one in sorted(holders)
    ]
    followers = [
        (Follower(world.nrb, most=1 + seed), None),
        (Follower(world.nrb, most=1 + seed, subjects=chosen), holders),
    ]
    life.publish()
    for _ in range(STEPS):
        life.happen()
        for follower, whom in followers:
            worker = chance.choice(workers)
            for _ in range(chance.randrange(4)):
                cursor = follower.cursor
                follower.once(worker)
                if chance.random() < 0.3:  # killed: the page is taken, its cursor is lost
                    follower.cursor = cursor
            if chance.random() < 0.2:
                follower.catch_up(worker)
                assert follower.items() == life.oracle.told(whom)
    for follower, whom in followers:
        follower.catch_up(chance.choice(workers))
        assert follower.items() == life.oracle.told(whom)
        assert len(follower.rows) == len(follower.items())
    other.hub.close()
    assert world.findings().faults == ()


def test_every_page_can_be_gone_on_from(world: World, provider: Provider, held: Grant) -> None:
    """From each cursor that was ever given the copy of that time becomes right."""
    chance = random.Random(7)  # noqa: S311 no secret
    life = Life(world, provider, held, chance, Oracle())
    life.publish()
    follower = Follower(world.nrb, most=3)
    saved = [follower.copy()]
    for _ in range(30):
        life.happen()
        if follower.once(world):
            saved.append(follower.copy())
    for one in saved:
        one.most = 1000
        one.catch_up(world)
        assert one.items() == life.oracle.told()


def test_changes_come_in_the_order_of_their_versions(
    world: World, provider: Provider, follower: Follower
) -> None:
    follower.catch_up(world)
    for version in range(5):
        provider.change([(f"N{version}", version, "")], [f"L{version}"])
    cursor, told = follower.cursor, []
    while True:
        answer = ask(world, feed(world.nrb, cursor, most=1))
        if answer.status == 204:
            break
        (one,) = answer.document["results"]  # type: ignore[misc]
        told.append((one["change"], one["items"].get("licence_no")))  # type: ignore[index, call-overload, union-attr]
        cursor = str(page_of(answer)["cursor"])
    assert told == [event for v in range(5) for event in (("removed", None), ("upserted", f"N{v}"))]
