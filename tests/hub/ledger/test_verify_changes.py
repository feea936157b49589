"""Change sets in the log: ``hub ledger verify`` derives what stands, and reads its rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from publishing import SmallHub, found_hub
from world.jobs import JobServer, serving
from world.licences import COLUMNS, DATASET, delete, licence, register, upsert

from certs.canonical import Json
from hub.ledger.succession import follows
from hub.ops.verify import verification
from hub.storage.sqlite import connect


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobServer]:
    with serving() as server:
        yield server


@pytest.fixture
def hub(tmp_path: Path, jobs: JobServer) -> Iterator[SmallHub]:
    hub = found_hub(tmp_path / "hub")
    register(hub)
    jobs.publish(hub, [licence(n, n % 3) for n in range(30)], COLUMNS, dataset=DATASET)
    jobs.publish(hub, [upsert(0, 1, "变"), delete(1)], COLUMNS, "changes", None, DATASET)
    jobs.publish(hub, [upsert(40, 1)], COLUMNS, "changes", None, DATASET)
    yield hub
    hub.close()


OF_THE_SMALL_HUB = {"table-connector", "table-certificate"}
"""Its connector stands in the tables without an entry."""


def faults(hub: SmallHub) -> set[str]:
    """What a verification finds, besides."""
    connection = connect(hub.folder.control)
    try:
        found = verification(hub.folder, hub.settings, connection).run(lambda _done, _all: None)
        return {fault.why for fault in found.faults} - OF_THE_SMALL_HUB
    finally:
        connection.close()


def test_the_log_tells_what_stands_after_changes(hub: SmallHub) -> None:
    assert faults(hub) == set()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE datasets SET sequence = 7 WHERE sequence = 2", "table-dataset"),
        ("UPDATE datasets SET version = 2 WHERE version = 3", "table-dataset"),
        ("UPDATE generations SET row_count = 29 WHERE state = 'live'", "table-generation"),
        ("UPDATE generations SET digest = 'x' WHERE state = 'live'", "table-generation"),
    ],
)
def test_a_table_that_was_altered(hub: SmallHub, statement: str, why: str) -> None:
    hub.store.connection.execute(statement)
    assert faults(hub) == {why}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rows SET sealed = zeroblob(40) WHERE id = 5",
        "DELETE FROM rows WHERE first = 3",
        "UPDATE rows SET last = 3 WHERE id = 5",
        "INSERT INTO rows (tag, row, first, sealed) SELECT tag, row, 2, sealed FROM rows LIMIT 1",
    ],
)
def test_a_row_that_was_altered_after_changes(hub: SmallHub, statement: str) -> None:
    file = connect(hub.folder.generation(str(hub.live(DATASET))))
    assert file.execute(statement).rowcount == 1
    file.close()
    assert faults(hub) == {"generation-rows"}


def test_what_a_held_change_set_has_written_is_no_fault(hub: SmallHub, jobs: JobServer) -> None:
    held = jobs.publish(hub, [delete(n) for n in range(2, 12)], COLUMNS, "changes", None, DATASET)
    assert hub.status(held)["state"] == "held"
    assert faults(hub) == set()


LIVE = {"sequence": 4, "version": 2, "generation": "g-1", "digest": "d"}
NEXT = {"mode": "changes", "sequence": 5, "version": 3, "generation": "g-1", "before": "d"}


def test_what_follows_what_stood() -> None:
    assert follows(LIVE, NEXT)
    assert follows(None, {"mode": "full", "sequence": 0, "version": 1})
    assert follows(LIVE, {"mode": "full", "sequence": 4, "version": 1})
    # Entries of releases before change sets.
    assert follows(None, {"version": 1})
    assert follows({"version": 1}, {"version": 1})


@pytest.mark.parametrize(
    "other",
    [
        {"sequence": 4},
        {"sequence": 6},
        {"sequence": "5"},
        {"version": 4},
        {"version": None},
        {"generation": "g-2"},
        {"before": "e"},
    ],
)
def test_a_change_set_that_follows_something_else(other: dict[str, Json]) -> None:
    assert not follows(LIVE, {**NEXT, **other})
    assert not follows(None, NEXT)


def test_a_snapshot_that_goes_back() -> None:
    assert not follows(LIVE, {"mode": "full", "sequence": 3, "version": 1})
