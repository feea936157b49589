"""A hold keeps single entries, and the key that opens them; everything else goes on time."""

import pytest
from world.aging import (
    BASIS,
    MONTH,
    YEAR,
    Aged,
    ask_about,
    erase,
    opened,
    sealed,
    traces,
    wrapped,
)
from world.time import DAY
from world.town import ADMINISTRATOR, World

from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger import destruction, erasure, holds
from hub.ledger.change import Actor
from hub.ledger.erasure import AllHeld
from hub.ledger.holds import Hold
from hub.ledger.spans import Span

AUDITOR = Actor("console", account="audit")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destruction, "PAUSE", 0)


@pytest.fixture
def aged(world: World) -> Aged:
    found = ask_about(world)
    world.time.advance(3 * YEAR + 5 * DAY)
    return found


def place(world: World, *spans: Span, basis: str = "（2029）云0402民初1号") -> Hold:
    hub = world.hub
    return holds.place(hub.changes, hub.store.connection, AUDITOR, basis, spans)[0]


def release(world: World, hold: Hold) -> int:
    return holds.release(world.hub.changes, world.hub.store.connection, AUDITOR, hold.id)


def state(world: World) -> str | None:
    return {(one.retention, one.month): one.state for one in world.hub.erasures.months()}.get(
        ("default", MONTH)
    )


def test_what_is_held_stays_and_can_be_opened(world: World, aged: Aged) -> None:
    held = [aged.default[3], aged.default[-1]]
    others = [position for position in aged.default if position not in held]
    folder = world.hub.folder
    before = opened(folder.control, folder.keys, held)
    hold = place(world, *[(position, position + 1) for position in held])
    old = sealed(world, others)
    erase(world)
    assert traces(world.root, old) == set()
    assert opened(folder.control, folder.keys, aged.default) == before
    assert before.keys() == set(held)
    assert state(world) == "held"
    assert world.findings().faults == ()
    with pytest.raises(AllHeld):
        erase(world)
    release(world, hold)
    assert state(world) == "due"
    old = [*sealed(world, held), *wrapped(world)]
    assert traces(world.root, old)
    erase(world)
    assert traces(world.root, old) == set()
    assert state(world) is None
    assert world.findings().faults == ()


def test_two_holds_on_one_entry_both_have_to_end(world: World, aged: Aged) -> None:
    at = aged.default[5]
    first, second = place(world, (at, at + 2)), place(world, (at + 1, at + 3))
    erase(world)
    release(world, first)
    erase(world)
    left = opened(world.hub.folder.control, world.hub.folder.keys, aged.default)
    assert left.keys() == {at + 1, at + 2}
    release(world, second)
    erase(world)
    assert not opened(world.hub.folder.control, world.hub.folder.keys, aged.default)
    assert world.findings().faults == ()


def test_a_hold_that_comes_while_the_month_is_read_is_kept(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, real = aged.default[7], erasure._enter

    def late(*given: object) -> list[int]:
        place(world, (at, at + 1))
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(erasure, "_enter", late)
    erase(world)
    left = opened(world.hub.folder.control, world.hub.folder.keys, aged.default)
    assert left.keys() == {at}
    assert world.findings().faults == ()


def test_what_is_erased_or_listed_cannot_be_held_any_more(world: World, aged: Aged) -> None:
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    at = aged.default[2]
    for _ in range(2):
        size = world.entries()
        with pytest.raises(Conflict):
            place(world, (aged.credit[0], aged.credit[0] + 1), (at, at + 1))
        assert world.entries() == size
        assert holds.listing(world.hub.reading) == []
        assert world.hub.erasures.step()
    place(world, (aged.credit[0], aged.credit[0] + 1))


def test_a_hold_says_what_it_keeps_and_why_and_names_nobody(world: World) -> None:
    before = world.hub.reading.execute("SELECT epoch FROM ledger_head").fetchone()
    hold = place(world, (9, 11), (3, 5), (4, 6), basis=" 民初一号 ")
    kind, control, person, _ = world.entry()
    assert kind == "hold"
    assert isinstance(control, dict)
    assert control["state"] == {
        "basis": "民初一号",
        "entries": [[3, 3], [9, 2]],
        "id": hold.id,
        "status": "active",
    }
    assert isinstance(person, dict)
    assert person["officer"] == "audit"
    assert holds.listing(world.hub.reading) == [hold]
    release(world, hold)
    (after,) = holds.listing(world.hub.reading)
    assert (after.entries, after.status) == (hold.entries, "released")
    assert world.hub.reading.execute("SELECT epoch FROM ledger_head").fetchone() == before


def test_a_released_hold_stays_released(world: World) -> None:
    hold = place(world, (3, 5))
    release(world, hold)
    with pytest.raises(Conflict):
        release(world, hold)
    with pytest.raises(NotFound):
        holds.release(world.hub.changes, world.hub.store.connection, AUDITOR, "H-none")


@pytest.mark.parametrize(
    "spans", [[], [(3, 3)], [(5, 3)], [(-1, 2)], [(0, 10_001)], [(3, 10**9)], [(10**6, 10**6 + 1)]]
)
def test_positions_that_make_no_sense_are_refused(world: World, spans: list[Span]) -> None:
    size = world.entries()
    with pytest.raises(Unprocessable):
        place(world, *spans)
    assert world.entries() == size
    assert holds.listing(world.hub.reading) == []


@pytest.mark.parametrize(
    "basis",
    [
        "",
        "  ",
        "x" * 201,
        "a\x00b",
        "53040219900101001X 起诉",
        "案号530402900101001",
        "十五位 530402900101001。",
    ],
)
def test_a_basis_that_would_name_somebody_or_nothing_is_refused(world: World, basis: str) -> None:
    with pytest.raises(Unprocessable):
        place(world, (3, 4), basis=basis)


def test_numbers_of_cases_are_no_numbers_of_people(world: World) -> None:
    place(world, (3, 4), basis="（2026）云0402民初1234号，卷宗 2026-000000000012345678901")
