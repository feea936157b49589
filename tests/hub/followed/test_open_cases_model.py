"""Whatever happens to cases and to records: the copy is what a lookup shows of open parties."""

import random
from dataclasses import dataclass, field

import pytest
from publishing import resident_id
from world.asking import Members
from world.casework import Casework, person
from world.feeding import Follower, Provider, Row, terms
from world.held import HOLDERS, copied, looked_up
from world.opened import OPEN_CASES, Counter
from world.time import DAY
from world.town import ADMINISTRATOR

from hub.access import grants
from hub.errors import Conflict, NotFound

STEPS = 35
PEOPLE = (*HOLDERS[:3], *(resident_id(number) for number in range(2)))
"""Some of whom have leases, and some trial licences."""


@dataclass
class Life:
    """Random events; ``parties`` are those of the open cases, by role."""

    counter: Counter
    provider: Provider
    chance: random.Random
    parties: dict[str, dict[str, str]] = field(default_factory=dict)
    leases: list[tuple[str, str]] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    repaired: set[Row] = field(default_factory=set)

    def happen(self) -> None:
        events = [self.open, self.end, self.supplement, self.lease, self.status, self.mark]
        events += [self.licences, self.day]
        event = self.chance.choices(events, [5, 3, 2, 3, 3, 2, 4, 1])[0]
        try:
            event()
        except (Conflict, NotFound):
            return

    def open(self) -> None:
        applicant, subject = self.chance.choices(PEOPLE, k=2)
        number = self.counter.open(applicant, subject)
        self.parties[number] = {"applicant": applicant, "subject": subject}

    def end(self) -> None:
        if not self.parties:
            return
        number = self.chance.choice(sorted(self.parties))
        if self.chance.random() < 0.5:
            self.counter.act(number, "withdraw")
        else:
            self.counter.refuse(number)
        del self.parties[number]

    def supplement(self) -> None:
        """Somebody joins a case, or is replaced in it, if nothing was brought for them."""
        if not self.parties:
            return
        number = self.chance.choice(sorted(self.parties))
        role = self.chance.choice(["owner", "agent"])
        one = self.chance.choice(PEOPLE)
        told = self.counter.cases[number]
        path = f"/v1/cases/{told['case']}/supplement"
        body: Members = {"officer": "nrb.officer", "version": told["version"]}
        answer = self.counter.desk.signed(path, {**body, "parties": {role: person(one)}})
        assert answer.status in {200, 409}, answer.body
        if answer.status == 200:
            self.counter.cases[number] = answer.document
            self.parties[number][role] = one

    def lease(self) -> None:
        subject = self.chance.choice(PEOPLE)
        text = f"Lease {self.chance.randrange(2)} of {subject}"
        title = f"Title {self.chance.randrange(9)}"
        lease = self.counter.leases.file(subject, text, title=title)
        if (lease, subject) not in self.leases:
            self.leases.append((lease, subject))

    def status(self) -> None:
        if self.leases:
            status = self.chance.choice(["suspended", "usable", "usable", "withdrawn"])
            self.counter.leases.set(self.chance.choice(self.leases)[0], status)

    def mark(self) -> None:
        kind = self.chance.choice(["disputed", "repaired", "cleared"])
        if self.leases and self.chance.random() < 0.5:
            lease, subject = self.chance.choice(self.leases)
            self.counter.leases.mark((lease, "mrb"), subject, kind)  # type: ignore[arg-type]
        elif self.rows:
            row = self.chance.choice(sorted(self.rows.values()))
            self.provider.mark(row, kind)  # type: ignore[arg-type]

    def licences(self) -> None:
        chance = self.chance
        numbers = {f"L{chance.randrange(8)}" for _ in range(1 + chance.randrange(3))}
        brought: dict[str, Row] = {}
        for number in sorted(numbers):
            if chance.random() < 0.7:
                brought[number] = (number, chance.randrange(2), chance.choice("abc"))
        self.provider.change(list(brought.values()), sorted(numbers - brought.keys()))
        for number in numbers:
            self.rows.pop(number, None)
        self.rows |= brought

    def day(self) -> None:
        self.counter.world.time.advance(DAY)

    def open_parties(self) -> list[str]:
        return sorted({one for roles in self.parties.values() for one in roles.values()})

    def licences_of(self, parties: list[str]) -> dict[str, str]:
        """Note by licence number, as a lookup shows it."""
        hub = self.counter.world.hub
        standing = hub.book.refresh()
        source = standing.source(self.provider.dataset.code)
        assert source is not None
        found = hub.records.read_many(source, parties, standing)
        return {one.values[0]: one.values[2] for records in found for one in records}


@pytest.mark.parametrize("seed", range(5))
def test_the_copy_is_what_a_lookup_shows_of_open_parties(desk: Casework, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 no secret
    counter, world = Counter.of(desk), desk.world
    provider = Provider.of(world.hub)
    provider.publish([])
    grants.issue(world.hub.changes, ADMINISTRATOR, terms(world.time()))
    life = Life(counter, provider, chance)
    other = world.again()
    leases = counter.follower(most=1 + seed)
    licences = Follower(world.nrb, subjects=OPEN_CASES, most=1 + seed)

    def right() -> None:
        parties = life.open_parties()
        assert copied(leases, counter.leases) == looked_up(world.hub, counter.leases, parties)
        shown = {
            number: str(one["items"].get("note", "")) for number, one in licences.items().items()
        }  # type: ignore[union-attr]
        assert shown == life.licences_of(parties)

    for _ in range(STEPS):
        life.happen()
        for follower in (leases, licences):
            follower.gateway = world.nrb
            worker = chance.choice([world, other])
            for _ in range(chance.randrange(3)):
                cursor = follower.cursor
                follower.once(worker)
                if chance.random() < 0.3:  # killed: the page is taken, its cursor is lost
                    follower.cursor = cursor
        if chance.random() < 0.25:
            for follower in (leases, licences):
                follower.catch_up(chance.choice([world, other]))
            right()
    for follower in (leases, licences):
        follower.catch_up(chance.choice([world, other]))
    right()
    other.hub.close()
    assert world.findings().faults == ()
