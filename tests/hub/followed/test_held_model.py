"""Whatever is done to materials and licences: who follows ends with what a lookup shows."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from world.feeding import Follower, regrant
from world.held import Businesses, Leases, chosen, copied, looked_up
from world.time import DAY
from world.town import World

from catalog.errors import TransitionRefused
from catalog.licences.status import Act
from hub.errors import Conflict, NotFound
from hub.materials.records import today_of

STEPS = 40
MASKS = ("full", "present", None)


@dataclass
class Life:
    """Random events to what is followed; ``rows`` are all records that there ever were."""

    world: World
    chance: random.Random
    rows: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    """Material or licence, row key, subject."""

    def happen(self, events: "list[tuple[Callable[[], None], int]]") -> None:
        event = self.chance.choices([one for one, _ in events], [many for _, many in events])[0]
        try:
            event()
        except (Conflict, NotFound, TransitionRefused):
            return  # it cannot be done as things stand

    def turn_a_day(self) -> None:
        self.world.time.advance(DAY)

    def mark(self, held: Leases | Businesses) -> None:
        if self.rows:
            _, row, subject = self.chance.choice(self.rows)
            kind = self.chance.choice(["disputed", "repaired", "cleared"])
            held.mark(row, subject, kind)  # type: ignore[arg-type]

    def regrant(self, held: Leases | Businesses, item: str) -> None:
        items = dict(held.grant.items)
        mask = self.chance.choice(MASKS)
        items.pop(item, None)
        if mask is not None:
            items[item] = mask  # type: ignore[assignment]
        held.grant = regrant(self.world, held.grant, items=items)


@dataclass
class Papers(Life):
    """Filed, said again, suspended, resumed, withdrawn, disputed, repaired, past their day."""

    def events(self, held: Leases) -> "list[tuple[Callable[[], None], int]]":
        return [
            (lambda: self.file(held), 6),
            (lambda: self.set(held), 5),
            (lambda: self.mark(held), 3),
            (lambda: self.regrant(held, "file_name"), 1),
            (self.turn_a_day, 1),
        ]

    def file(self, held: Leases) -> None:
        chance = self.chance
        subject = chance.choice(held.subjects)
        by = chance.choice(["mrb", "nrb"])
        until = chance.choice(["", today_of(self.world.time() + chance.randrange(3) * DAY)])
        said = {"valid_until": until} if until else {}
        text = f"Lease {chance.randrange(3)}"
        lease = held.file(subject, text, by, title=f"Title {chance.randrange(3)}", **said)
        row = (lease, (lease, by), subject)
        if row not in self.rows:
            self.rows.append(row)

    def set(self, held: Leases) -> None:
        if self.rows:
            status = self.chance.choice(["suspended", "usable", "usable", "withdrawn"])
            held.set(self.chance.choice(self.rows)[0], status)


@dataclass
class Certificates(Life):
    """Issued, every act on them, disputed, repaired, ended by the clock."""

    def events(self, held: Businesses) -> "list[tuple[Callable[[], None], int]]":
        return [
            (lambda: self.issue(held), 4),
            (lambda: self.act(held), 8),
            (lambda: self.mark(held), 3),
            (lambda: self.regrant(held, "holder_name"), 1),
            (self.turn_a_day, 1),
        ]

    def issue(self, held: Businesses) -> None:
        subject, chance = self.chance.choice(held.subjects), self.chance
        until = today_of(self.world.time() + (1 + chance.randrange(3)) * DAY)
        given = {"valid_until": chance.choice(["2036-08-31", until])}
        before = None
        if self.rows and chance.random() < 0.4:
            before, _, subject = chance.choice(self.rows)
        licence, identifier = held.issue(subject, f"N{len(self.rows)}", before, **given)
        self.rows.append((licence, (identifier,), subject))

    def act(self, held: Businesses) -> None:
        if self.rows:
            act = self.chance.choice([one for one in Act if one is not Act.EXPIRE])
            held.act(self.chance.choice(self.rows)[0], act, note="待核实")

    def turn_a_day(self) -> None:
        super().turn_a_day()
        self.world.hub.office.expire()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", [Papers, Certificates])
def test_the_copy_becomes_what_a_lookup_shows(
    world: World, kind: type[Papers] | type[Certificates], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 no secret
    held: Leases | Businesses = Leases.of(world) if kind is Papers else Businesses.of(world)
    life = kind(world, chance)
    events = life.events(held)  # type: ignore[arg-type]
    other = world.again()
    workers = [world, other]
    some = held.subjects[:2]
    followers = [
        (Follower(world.nrb, most=1 + seed, dataset=held.dataset), held.subjects),
        (
            Follower(world.nrb, most=1 + seed, dataset=held.dataset, subjects=chosen(held, some)),
            some,
        ),
    ]
    for _ in range(STEPS):
        life.happen(events)
        for follower, whom in followers:
            follower.gateway = world.nrb
            worker = chance.choice(workers)
            for _ in range(chance.randrange(3)):
                cursor = follower.cursor
                follower.once(worker)
                if chance.random() < 0.3:  # killed: the page is taken, its cursor is lost
                    follower.cursor = cursor
            if chance.random() < 0.2:
                follower.catch_up(worker)
                assert copied(follower, held) == looked_up(world.hub, held, whom)
    for follower, whom in followers:
        follower.catch_up(chance.choice(workers))
        assert copied(follower, held) == looked_up(world.hub, held, whom)
    other.hub.close()
    assert world.findings().faults == ()


@pytest.mark.parametrize("kind", [Papers, Certificates])
def test_every_page_can_be_gone_on_from(
    world: World, kind: type[Papers] | type[Certificates]
) -> None:
    """From each cursor that was ever given the copy of that time becomes right."""
    chance = random.Random(7)  # noqa: S311 no secret
    held: Leases | Businesses = Leases.of(world) if kind is Papers else Businesses.of(world)
    life = kind(world, chance)
    events = life.events(held)  # type: ignore[arg-type]
    follower = Follower(world.nrb, most=2, dataset=held.dataset)
    saved = [follower.copy()]
    for _ in range(25):
        life.happen(events)
        follower.gateway = world.nrb
        if follower.once(world):
            saved.append(follower.copy())
    for one in saved:
        one.most, one.gateway = 1000, world.nrb
        one.catch_up(world)
        assert copied(one, held) == looked_up(world.hub, held, held.subjects)
