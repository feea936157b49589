"""A log whose tree is sound and whose entries lie about delegations: each lie by its own reason.

The forger enters and signs everything again with the hub's real keys. The product's own replay must
say the same of each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.auditing import (
    Auditor,
    Entry,
    Verdict,
    entries_of,
    export_of,
    signer_of,
    write_export,
)
from world.delegating import LENDER, WINDOW, delegated, lent, revoked, signed
from world.evidence import evidence_of
from world.joints import ask, joint, part
from world.outsider import Outsider, only
from world.retold import kind_of, replayed, state_of
from world.town import HUB, Town, World, open_world

from certs.canonical import Json
from certs.encoding import rfc3339
from certs.leaf import read_leaf
from certs.note import vkey

Entries = list[Entry]


@dataclass(frozen=True)
class Told:
    """A log with answers under a delegation, and a way to export it forged."""

    entries: tuple[Entry, ...]
    given: str
    """The delegation in use; another, to another department, stands too."""
    other: str
    waiting: str
    """One that was signed and never accepted."""
    note_of: Callable[[int, bytes], str]
    verdict: Callable[[Path], Verdict]

    def states(self, name: str) -> list[int]:
        """Where the entries of a delegation stand."""
        return [
            at
            for at, one in enumerate(self.entries)
            if kind_of(one) == "delegation" and state_of(one)["id"] == name
        ]

    @property
    def answers(self) -> list[int]:
        """Where the answers stand that name it."""
        return [
            at
            for at, one in enumerate(self.entries)
            if one.control.get("delegation") == f"{HUB}:{self.given}"
            and one.control["outcome"] == "answered"
        ]


@pytest.fixture(scope="module")
def told(town: Town, tmp_path_factory: pytest.TempPathFactory, auditor: Auditor) -> Iterator[Told]:
    root = tmp_path_factory.mktemp("delegations")
    with open_world(town, root / "hub") as world:
        changes = world.hub.changes
        given = delegated(changes, world.time(), datasets=("resident",))
        other = delegated(changes, world.time(), to="psb")
        waiting = signed(changes, world.time())
        world.hub.book.refresh()
        window = world.gateway(WINDOW)
        for _ in range(3):
            assert world.ask(window.lookup(delegation=given.id)).status == 200
            world.time.advance(7)
        parts: list[Json] = [part(delegation=given.id), part(), part(delegation=other.id)]
        for _ in range(2):
            assert ask(world, joint(window, parts, request_id="A" * 22)).status == 200
        assert world.ask(world.nrb.lookup()).status == 200
        revoked(changes, given)
        assert world.ask(window.lookup(delegation=given.id)).status == 403
        world.hub.checkpointer.step()
        folder = export_of(world.hub, root / "export")
        log = vkey(world.hub.origin, world.hub.checkpoint_key)
        assert world.findings().faults == ()
        yield Told(
            entries=tuple(entries_of(folder)),
            given=given.id,
            other=other.id,
            waiting=waiting.id,
            note_of=signer_of(world.hub),
            verdict=lambda where: auditor.verify("export", where, "--log", log),
        )


def saying(which: int = 0, **control: Json) -> Callable[[Told], Entries]:
    """One of its answers says something else."""

    def change(told: Told) -> Entries:
        entries = list(told.entries)
        at = told.answers[which]
        entries[at] = entries[at].forged(**control)
        return entries

    return change


def naming(name: Callable[[Told], str]) -> Callable[[Told], Entries]:
    return lambda told: saying(delegation=f"{HUB}:{name(told)}")(told)


def stating(*places: int, **state: Json) -> Callable[[Told], Entries]:
    """Entries of the delegation, all without ``places``, state something else."""

    def change(told: Told) -> Entries:
        entries = list(told.entries)
        found = told.states(told.given)
        for at in [found[place] for place in places] or found:
            entries[at] = entries[at].forged(state=state_of(entries[at]) | state)
        return entries

    return change


def without(told: Told) -> Entries:
    """An answer is said to be under the window's own grant: it keeps no delegation."""
    entries = list(told.entries)
    at = told.answers[0]
    entries[at] = entries[at].forged()
    del entries[at].control["delegation"]
    entries[at] = entries[at].forged()
    return entries


def earlier(told: Told) -> Entries:
    """Never accepted, and used all the same."""
    return stating(2, status="signed", accepted=None)(told)


LIES: list[tuple[str, Callable[[Told], Entries], set[str]]] = [
    ("a name that there is not", naming(lambda _: "D-0123456789ab"), {"delegation-unknown"}),
    ("another window's", naming(lambda told: told.other), {"delegation-to"}),
    ("one not accepted", naming(lambda told: told.waiting), {"delegation-inactive"}),
    ("null", saying(delegation=None), {"delegation-unknown"}),
    ("kept silent", without, {"grant-department"}),
    ("another asker", saying(department=f"{HUB}:psb"), {"delegation-to"}),
    ("another department's", stating(department="psb"), {"delegation-department"}),
    ("to another", stating(to="psb"), {"delegation-to"}),
    ("for another purpose", stating(purposes=["school_enrolment"]), {"delegation-purposes"}),
    ("on another channel", stating(channels=["console"]), {"delegation-channels"}),
    ("for another dataset", stating(datasets=["real_estate"]), {"delegation-datasets"}),
    ("no datasets", stating(datasets=None), {"delegation-datasets"}),
    (
        "too early",
        stating(valid_from="2030-01-01T00:00:00.000Z", valid_until="2031-01-01T00:00:00.000Z"),
        {"delegation-out-of-time"},
    ),
    ("too late", stating(valid_until="2020-01-01T00:00:00.000Z"), {"delegation-out-of-time"}),
    ("no time", stating(valid_until="soon"), {"delegation-state"}),
    ("accepted unsigned", stating(1, status="active"), {"delegation-order"}),
    ("widened when accepted", stating(2, 3, datasets=[]), {"delegation-changed"}),
    ("its time moved at its end", stating(3, valid_until=rfc3339(0)), {"delegation-changed"}),
    ("a version left out", stating(2, version=7), {"delegation-version-gap"}),
]


@pytest.mark.parametrize(("change", "whys"), [one[1:] for one in LIES], ids=[o[0] for o in LIES])
def test_a_lie_about_a_delegation(
    told: Told, tmp_path: Path, change: Callable[[Told], Entries], whys: set[str]
) -> None:
    entries = change(told)
    verdict = told.verdict(write_export(tmp_path / "export", entries, told.note_of))
    assert verdict.status == 1
    assert verdict.whys == whys
    assert "tree-good" in verdict.passed
    assert set(verdict.faults) == replayed(entries)


def test_the_honest_log_has_no_fault(told: Told, tmp_path: Path) -> None:
    verdict = told.verdict(write_export(tmp_path / "export", told.entries, told.note_of))
    assert (verdict.status, verdict.faults, replayed(told.entries)) == (0, [], set())
    assert len(told.answers) == 5


def test_an_answer_under_one_that_was_never_accepted(told: Told, tmp_path: Path) -> None:
    entries = earlier(told)
    verdict = told.verdict(write_export(tmp_path / "export", entries, told.note_of))
    assert verdict.whys == {"delegation-inactive", "delegation-order"}
    assert set(verdict.faults) == replayed(entries)


@pytest.mark.parametrize("name", [None, f"{HUB}:D-0123456789ab"])
def test_evidence_of_a_window_whose_entry_names_another_or_none(
    place: World, outsider: Outsider, name: str | None
) -> None:
    found = lent(place)
    sent = place.gateway(WINDOW).lookup(delegation=found.id)
    evidence = evidence_of(place, sent, place.ask(sent))
    assert outsider.verify(evidence.bundle).status == 0
    verdict = outsider.verify(evidence.entered(delegation=name))
    assert only(verdict) == "control-says"


def test_an_answer_after_its_end(told: Told, tmp_path: Path) -> None:
    """The first act that ended it is said to have come before the answers."""
    entries = list(told.entries)
    end, first = told.states(told.given)[-1], told.answers[0]
    epoch = entries[end].control["epoch"]
    entries.insert(first, entries.pop(end).forged(time=read_leaf(entries[first - 1].leaf).time))
    for at in range(first + 1, end + 1):
        entries[at] = entries[at].forged(epoch=epoch)
    where = {at for why, at in replayed(entries) if why == "delegation-inactive"}
    assert where == {at + 1 for at in told.answers}
    verdict = told.verdict(write_export(tmp_path / "export", entries, told.note_of))
    assert set(verdict.faults) == replayed(entries)


def test_a_department_that_lends_and_is_suspended(told: Told, tmp_path: Path) -> None:
    entries = [
        one.forged(state=state_of(one) | {"status": "suspended"})
        if kind_of(one) == "department" and state_of(one)["code"] == LENDER
        else one
        for one in told.entries
    ]
    verdict = told.verdict(write_export(tmp_path / "export", entries, told.note_of))
    assert verdict.whys == {"department-suspended"}
    assert set(verdict.faults) == replayed(entries)
    assert {at for _, at in verdict.faults} >= set(told.answers)
