"""What ``hub ledger verify`` and the outsider's verifier demand of entries that share their R."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from world.auditing import Auditor, Entry, load, signer_of, write_export
from world.batches import ask, batch
from world.town import SUBJECTS, World

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, sha256
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from certs.note import vkey
from hub.ledger.batch_order import LARGEST, BatchSoFar, follow

Members = dict[str, Json]


@pytest.fixture(scope="session")
def auditor(tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    return Auditor.at(tmp_path_factory.mktemp("auditor"), load())


def rewrite(world: World, position: int, *, late: int = 0, **changes: Json) -> None:
    """Write an entry again, consistent in itself, as an operator with every key can."""
    connection = world.hub.store.connection
    leaf, control, salts = connection.execute(
        "SELECT leaf, control, salts FROM entries WHERE position = ?", (position,)
    ).fetchone()
    read = read_leaf(leaf)
    members = parse(control, max_bytes=1 << 20, max_depth=9)
    assert isinstance(members, dict)
    changed = canonical({**members, **changes})
    digest = part_digest("control", salts[:SALT_BYTES], changed)
    again = leaf_bytes(read.kind, read.time + late, digest, read.person, read.internal)
    connection.execute(
        "UPDATE entries SET leaf = ?, control = ? WHERE position = ?", (again, changed, position)
    )
    for table in ("checkpoints", "tiles"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 our own names
    world.hub.settings.checkpoint_copy.unlink(missing_ok=True)


def faults(world: World) -> set[str]:
    return {fault.why for fault in world.findings().faults}


def control(world: World, position: int) -> Members:
    found = world.entry(position)[1]
    assert isinstance(found, dict)
    return dict(found)


def batch_of(world: World, count: int = 4) -> int:
    """Ask about some; the position of the first entry."""
    first = world.entries()
    assert ask(world, batch(world.nrb, SUBJECTS[:count])).status == 200
    return first


def a_lookup_within(world: World) -> None:
    """A lookup's entry behind the batch takes the R of the batch that ended before it."""
    first = batch_of(world)
    world.time.advance(1)
    world.ask(world.nrb.lookup())
    rewrite(world, world.entries() - 1, R=control(world, first)["R"])


def a_second_batch_of_the_same_request(world: World) -> None:
    first = batch_of(world)
    world.ask(world.nrb.lookup())
    second = batch_of(world)
    for place in range(4):
        rewrite(world, second + place, R=control(world, first)["R"])


def another_asker_within(world: World) -> None:
    """Of one request all may differ that joint questions have each of their own, but who asked."""
    first = batch_of(world)
    rewrite(world, first + 2, connector=None, channel="console")


def another_time_within(world: World) -> None:
    first = batch_of(world)
    for place in (2, 3):
        rewrite(world, first + place, late=1)


def a_lookup_between(world: World) -> None:
    first = batch_of(world)
    request = control(world, first + 3)["R"]
    rewrite(world, first + 2, R=b64u(sha256(b"another")))
    assert control(world, first + 3)["R"] == request


def repeats_out_of_order(world: World) -> None:
    members: Members = {"request_id": b64u(bytes(16))}
    first = world.entries()
    for _ in range(2):
        ask(world, batch(world.nrb, SUBJECTS[:4], **members))
    rewrite(world, first + 4, repeats=first + 1)
    rewrite(world, first + 5, repeats=first)


CASES = {
    a_lookup_within: "request-twice",
    a_second_batch_of_the_same_request: "request-twice",
    another_asker_within: "request-twice",
    another_time_within: "request-twice",
    a_lookup_between: "request-twice",
    repeats_out_of_order: "request-twice",
}


@pytest.mark.parametrize("case", CASES)
def test_request_used_for_more_than_one_question(
    world: World, tmp_path: Path, auditor: Auditor, case: Callable[[World], None]
) -> None:
    case(world)
    assert CASES[case] in faults(world)
    assert CASES[case] in exported(world, tmp_path / "export", auditor)


def exported(world: World, folder: Path, auditor: Auditor) -> set[str]:
    """The faults that an outsider finds in the log as it stands."""
    rows = world.hub.store.connection.execute(
        "SELECT leaf, control, salts FROM entries ORDER BY position"
    ).fetchall()
    entries = [
        Entry(leaf, json.loads(control), b64u(salts[:SALT_BYTES])) for leaf, control, salts in rows
    ]
    write_export(folder, entries, signer_of(world.hub))
    key = vkey(world.hub.origin, world.hub.checkpoint_key)
    verdict = auditor.verify("export", folder, "--log", key)
    return {str(why) for why, _ in verdict.faults}


def test_an_honest_batch_and_its_repeat_hold(
    world: World, tmp_path: Path, auditor: Auditor
) -> None:
    members: Members = {"request_id": b64u(bytes(16))}
    for _ in range(2):
        ask(world, batch(world.nrb, SUBJECTS, **members))
        world.ask(world.nrb.lookup())
    world.hub.checkpointer.step()
    assert faults(world) == set()
    assert exported(world, tmp_path / "export", auditor) == set()


def test_no_batch_is_larger_than_the_protocol_says() -> None:
    shared: Members = {"R": "r", "a": "1", "outcome": "answered", "repeats": None}
    so_far: BatchSoFar | None = None
    for _ in range(LARGEST):
        so_far = follow(so_far, 1, shared)
    assert so_far is not None
    assert so_far.size == LARGEST
    assert follow(so_far, 1, shared).size == 1
