"""``hub ledger verify`` finds what was erased behind the log's back, too early, or not at all."""

from collections.abc import Sequence

import pytest
from world.aging import BASIS, MONTH, NEXT_MONTH, YEAR, Aged, ask_about, erase, publish
from world.time import DAY
from world.town import ADMINISTRATOR, World

from certs.canonical import Json
from hub.ledger import destruction, holds


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destruction, "PAUSE", 0)


@pytest.fixture
def aged(world: World) -> Aged:
    found = ask_about(world)
    world.time.advance(3 * YEAR + 5 * DAY)
    return found


def enter(world: World, indexes: Json, retention: str = "default", month: str = MONTH) -> int:
    """An erasure's entry as an operator can write it, with whatever it likes to list."""
    with world.hub.changes.change(ADMINISTRATOR, moves_epoch=False) as change:
        return change.append(
            "erasure",
            {"basis": BASIS, "indexes": indexes, "month": month, "retention": retention},
        )


def destroy(world: World, positions: Sequence[int]) -> None:
    """Take parts away as whoever has the file can."""
    for position in positions:
        world.hub.store.connection.execute(
            "UPDATE entries SET person = NULL WHERE position = ?", (position,)
        )


def faults(world: World) -> set[tuple[int, str]]:
    publish(world)
    return {(fault.position, fault.why) for fault in world.findings().faults}


def test_a_part_that_no_erasure_lists_is_missed(world: World, aged: Aged) -> None:
    erase(world)
    assert faults(world) == set()
    destroy(world, [aged.credit[1], aged.later[0]])
    assert faults(world) == {
        (aged.credit[1], "person-sealed"),
        (aged.later[0], "person-sealed"),
    }


def test_a_part_erased_before_its_time_is_found(world: World, aged: Aged) -> None:
    assert aged.later
    fresh = enter(world, [])
    world.time.advance(3 * YEAR - 1)
    position = enter(world, [[fresh, 1]])
    destroy(world, [fresh])
    assert faults(world) == {(position, "erased-early")}


def test_a_part_erased_when_its_time_is_over_is_sound(world: World, aged: Aged) -> None:
    assert aged.later
    fresh = enter(world, [])
    world.time.advance(3 * YEAR)
    enter(world, [[fresh, 1]])
    destroy(world, [fresh])
    assert faults(world) == set()


def test_the_last_of_a_span_counts(world: World, aged: Aged) -> None:
    """All but one of these are past their retention."""
    first = aged.later[0]
    fresh = enter(world, [])
    assert fresh == first + 1
    position = enter(world, [[first, 2]], month=NEXT_MONTH)
    destroy(world, [first, fresh])
    assert (position, "erased-early") in faults(world)


@pytest.mark.parametrize("retention", ["default", "credit"])
def test_an_answer_about_credit_erased_after_three_years_is_found(
    world: World, aged: Aged, retention: str
) -> None:
    """Whatever class the erasure claims: the dataset's definition says which it is."""
    place = aged.credit[0]
    position = enter(world, [[place, 2]], retention)
    destroy(world, [place, place + 1])
    assert faults(world) == {(position, "erased-early")}


def test_after_ten_years_it_is_sound(world: World, aged: Aged) -> None:
    world.time.advance(7 * YEAR)
    place = aged.credit[0]
    enter(world, [[place, 1]], "credit")
    destroy(world, [place])
    assert faults(world) == set()


def test_what_was_held_then_and_erased_is_found(world: World, aged: Aged) -> None:
    hub, place = world.hub, aged.default[-1]
    hold, _ = holds.place(
        hub.changes, hub.store.connection, ADMINISTRATOR, BASIS, [(place, place + 1)]
    )
    position = enter(world, [[aged.default[0], 3], [place, 1]])
    destroy(world, [*aged.default[:3], place])
    assert faults(world) == {(position, "erased-held")}
    # Released afterwards: it was held then.
    holds.release(hub.changes, hub.store.connection, ADMINISTRATOR, hold.id)
    assert faults(world) == {(position, "erased-held")}


def test_what_was_held_before_and_erased_is_sound(world: World, aged: Aged) -> None:
    hub, place = world.hub, aged.default[-1]
    hold, _ = holds.place(
        hub.changes, hub.store.connection, ADMINISTRATOR, BASIS, [(place, place + 1)]
    )
    holds.release(hub.changes, hub.store.connection, ADMINISTRATOR, hold.id)
    enter(world, [[place, 1]])
    destroy(world, [place])
    assert faults(world) == set()


def test_a_part_that_is_listed_and_still_there_is_found(world: World, aged: Aged) -> None:
    enter(world, [[aged.default[0], 3]])
    destroy(world, aged.default[:2])
    assert faults(world) == {(aged.default[2], "erasure-unfinished")}


def test_a_key_of_an_erased_month_that_is_still_there_is_found(world: World, aged: Aged) -> None:
    assert aged.default
    keys = world.hub.store.connection.execute(
        "SELECT id, wrapped FROM person_keys WHERE retention = 'default' AND month = ?", (MONTH,)
    ).fetchall()
    erase(world)
    assert faults(world) == set()
    number, wrapped = keys[0]
    world.hub.store.connection.execute(
        "UPDATE person_keys SET wrapped = ? WHERE id = ?", (wrapped, number)
    )
    assert faults(world) == {(-1, "erasure-unfinished")}


ODD: dict[str, Json] = {
    "nothing": None,
    "text": "0-3",
    "a position alone": [3],
    "three numbers": [[1, 1, 1]],
    "none of them": [[3, 0]],
    "before the first": [[-1, 2]],
    "truth": [[True, 1]],
    "out of order": [[5, 1], [3, 1]],
    "twice": [[3, 2], [4, 1]],
    "in two where one would do": [[3, 1], [4, 1]],
    "itself and what is to come": [[3, 100_000]],
}


@pytest.mark.parametrize("how", ODD)
@pytest.mark.usefixtures("aged")
def test_a_list_written_in_another_way_is_found(world: World, how: str) -> None:
    position = enter(world, ODD[how])
    assert (position, "erasure-state") in faults(world)


@pytest.mark.parametrize(
    ("retention", "month"), [("other", MONTH), ("default", "2026-13"), ("default", "9")]
)
@pytest.mark.usefixtures("aged")
def test_an_erasure_of_no_class_or_month_is_found(world: World, retention: str, month: str) -> None:
    position = enter(world, [], retention, month)
    assert faults(world) == {(position, "erasure-state")}


# -- holds ----------------------------------------------------------------------------------------
def hold_entry(world: World, **state: Json) -> int:
    """A hold's entry with its row, as an operator can write both."""
    whole: dict[str, Json] = {"basis": BASIS, "entries": [[3, 2]], "id": "H-1", "status": "active"}
    with world.hub.changes.change(ADMINISTRATOR, moves_epoch=False) as change:
        return change.append("hold", whole | state)


HOLDS: dict[str, dict[str, Json]] = {
    "of nothing": {"entries": []},
    "of what there is not": {"entries": [[3, 100_000]]},
    "of what cannot be read": {"entries": "3"},
    "born released": {"status": "released"},
    "in another state": {"status": "paused"},
}


@pytest.mark.parametrize("how", HOLDS)
def test_a_hold_that_nobody_of_ours_wrote_is_found(world: World, how: str) -> None:
    position = hold_entry(world, **HOLDS[how])
    assert (position, "hold-state") in faults(world)


@pytest.mark.parametrize(
    "after",
    [
        {"entries": [[3, 1]]},
        {"entries": [[3, 1]], "status": "released"},
        {"status": "active"},
    ],
)
def test_a_hold_that_shrinks_or_comes_again_is_found(world: World, after: dict[str, Json]) -> None:
    hold_entry(world)
    position = hold_entry(world, **after)
    assert (position, "hold-state") in faults(world)


def test_a_hold_taken_up_again_is_found(world: World) -> None:
    hold_entry(world)
    hold_entry(world, status="released")
    position = hold_entry(world)
    assert (position, "hold-state") in faults(world)
