"""``hub ledger verify`` on what entries say of each other: standing, identity and epochs."""

from collections.abc import Callable, Mapping

import pytest
from world.town import ADMINISTRATOR, PURPOSE, World

from certs.canonical import Json, canonical, parse
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from hub.access import grants, purposes
from hub.catalogue import datasets
from hub.ledger.change import HUB, Actor
from hub.people import accounts

Members = dict[str, Json]


def faults(world: World) -> set[str]:
    return {fault.why for fault in world.findings().faults}


def forge(
    world: World, position: int, change: Callable[[Members], Mapping[str, Json]], kind: str = ""
) -> None:
    """Write an entry again, consistent in itself, as an operator with every key can."""
    connection = world.hub.store.connection
    leaf, control, salts = connection.execute(
        "SELECT leaf, control, salts FROM entries WHERE position = ?", (position,)
    ).fetchone()
    read = read_leaf(leaf)
    members = parse(control, max_bytes=1 << 20, max_depth=9)
    assert isinstance(members, dict)
    changed = canonical(dict(change(members)))
    digest = part_digest("control", salts[:SALT_BYTES], changed)
    again = leaf_bytes(kind or read.kind, read.time, digest, read.person, read.internal)
    connection.execute(
        "UPDATE entries SET leaf = ?, control = ? WHERE position = ?", (again, changed, position)
    )
    for table in ("checkpoints", "tiles"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 our own names
    world.hub.settings.checkpoint_copy.unlink(missing_ok=True)


def answered(world: World) -> int:
    """Ask once; where the answer stands."""
    assert world.ask(world.nrb.lookup()).status == 200
    return world.entries() - 1


def control(world: World, position: int = -1) -> Members:
    _, found, _, _ = world.entry(position)
    assert isinstance(found, dict)
    return dict(found)


# -- what an answer stands on ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("what", "stop"),
    [
        (
            "dataset",
            lambda w: datasets.set_status(w.hub.changes, ADMINISTRATOR, "resident", "suspended"),
        ),
        ("purpose", lambda w: purposes.set_status(w.hub.changes, ADMINISTRATOR, PURPOSE, "ended")),
    ],
)
def test_an_answer_after_its_dataset_or_purpose_was_stopped(
    world: World, what: str, stop: Callable[[World], object]
) -> None:
    position = answered(world)
    stop(world)
    assert faults(world) == set()
    # They change places: stopped first, answered afterwards, under the epoch that then held.
    epoch, last = control(world)["epoch"], world.entries() - 1
    connection = world.hub.store.connection
    moved = [(place, place - 1) for place in range(position + 1, last + 1)]
    for before, after in ((position, -1), *moved, (-1, last)):
        connection.execute("UPDATE entries SET position = ? WHERE position = ?", (after, before))
    forge(world, last, lambda members: members | {"epoch": epoch})
    found = faults(world)
    assert {"dataset": "dataset-suspended", "purpose": "purpose-ended"}[what] in found
    assert found <= {"dataset-suspended", "purpose-ended", "time-backwards"}


# -- the identity of a question ----------------------------------------------------------------
def test_one_request_entered_twice(world: World) -> None:
    """Else one signature could stand for any number of answers.

    What stands side by side at one time, and differs as subjects do, is a batch
    (``test_verify_batch.py``).
    """
    first = answered(world)
    world.time.advance(1)
    second = answered(world)
    request = control(world, first)["R"]
    forge(world, second, lambda members: members | {"R": request})
    assert faults(world) == {"request-twice"}


@pytest.mark.parametrize("request_digest", [None, "", "ä", 7, "x" * 42])
def test_a_request_that_is_no_digest(world: World, request_digest: Json) -> None:
    forge(world, answered(world), lambda members: members | {"R": request_digest})
    assert faults(world) == {"request"}


def test_a_repeat_of_its_first(world: World) -> None:
    question = world.nrb.question()
    for _ in range(3):
        assert world.ask(world.nrb.lookup(**question)).status == 200
    assert control(world)["repeats"] == world.entries() - 3
    assert faults(world) == set()


REPEATED: dict[str, Callable[[World, int], Json]] = {
    "itself": lambda _, position: position,
    "a later one": lambda _, position: position + 1,
    "no position": lambda _, __: -1,
    "no number": lambda _, __: "3",
    "a change": lambda _, __: 3,
    "a question about something else": lambda _, position: position - 1,
    "a question of another department": lambda _, position: position - 2,
    "a verification": lambda _, position: position - 3,
}


@pytest.mark.parametrize("what", REPEATED)
def test_a_repeat_of_what_it_cannot_repeat(world: World, what: str) -> None:
    """Marked as a repeat an answer has cost nothing."""
    world.ask(world.nrb.verify({"name": "李四"}))
    world.ask(world.gateway("mrb").lookup())
    world.ask(world.nrb.lookup(purpose="school_enrolment"))
    position = answered(world)
    answered(world)
    repeats = REPEATED[what](world, position)
    forge(world, position, lambda members: members | {"repeats": repeats})
    assert faults(world) == {"repeats"}


def test_a_repeat_of_a_repeat(world: World) -> None:
    question = world.nrb.question()
    for _ in range(3):
        world.ask(world.nrb.lookup(**question))
    last = world.entries() - 1
    forge(world, last, lambda members: members | {"repeats": last - 1})
    assert faults(world) == {"repeats"}


# -- epochs ------------------------------------------------------------------------------------
def enter(world: World, kind: str, state: Members, *, moves: bool, actor: Actor = HUB) -> None:
    with world.hub.changes.change(actor, moves_epoch=moves) as change:
        change.append(kind, state)


@pytest.mark.parametrize(
    "kind",
    ["certificate", "connector", "dataset", "department", "grant", "mark", "person", "purpose"],
)
def test_a_change_that_decisions_hang_on_without_a_new_epoch(world: World, kind: str) -> None:
    """A question decided before it would be answered after it."""
    enter(world, kind, {"status": "suspended"}, moves=False)
    assert "moves-epoch" in faults(world)


def test_a_publication_that_goes_live_without_a_new_epoch(world: World) -> None:
    position = world.entries() - 1
    assert world.entry(position)[0] == "publication"
    state = control(world, position)["state"]
    assert isinstance(state, dict)
    enter(world, "publication", dict(state), moves=False)
    assert faults(world) == {"moves-epoch"}


@pytest.mark.parametrize("kind", ["attempts", "audit-read"])
def test_a_new_epoch_for_what_nothing_hangs_on(world: World, kind: str) -> None:
    enter(world, kind, {}, moves=True)
    assert faults(world) == {"moves-epoch"}


def test_an_ended_session_needs_no_new_epoch_and_another_role_does(world: World) -> None:
    accounts.end_sessions(world.hub.changes, ADMINISTRATOR, "nrb.officer")
    assert faults(world) == set()
    state = control(world)["state"]
    assert isinstance(state, dict)
    enter(world, "person", state | {"roles": ["steward"]}, moves=False)
    assert "moves-epoch" in faults(world)


def test_a_change_that_claims_an_epoch_that_it_did_not_move(world: World) -> None:
    world.time.advance(5)
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "suspended")
    before = control(world)["epoch"]
    assert isinstance(before, int)
    forge(world, world.entries() - 1, lambda members: members | {"epoch": before - 1})
    world.hub.store.connection.execute("UPDATE ledger_head SET epoch = epoch - 1")
    assert faults(world) == {"epoch"}


def test_entries_of_one_change_share_its_epoch(world: World) -> None:
    with world.hub.changes.change(HUB) as change:
        for kind in ("operator", "key"):
            change.append(kind, {})
    assert faults(world) == set()


def test_another_actor_s_entry_is_of_another_change(world: World) -> None:
    with world.hub.changes.change(HUB) as change:
        for kind in ("operator", "key"):
            change.append(kind, {})
    forge(world, world.entries() - 1, lambda members: members | {"channel": "console"})
    assert faults(world) == {"epoch"}


def test_an_entry_of_no_known_kind(world: World) -> None:
    enter(world, "blessing", {}, moves=False)
    assert faults(world) == {"kind"}


@pytest.mark.parametrize("moves", [None, 1, "true"])
def test_a_claim_about_the_epoch_that_is_none(world: World, moves: Json) -> None:
    enter(world, "attempts", {}, moves=False)
    forge(world, world.entries() - 1, lambda members: members | {"moves_epoch": moves})
    assert faults(world) == {"moves-epoch"}
