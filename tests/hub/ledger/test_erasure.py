"""What is past its retention is erased: no byte of it is left, and everything else still holds."""

import asyncio
import shutil
import threading
import time
from pathlib import Path

import pytest
from world.aging import (
    BASIS,
    MONTH,
    NEXT_MONTH,
    YEAR,
    Aged,
    ask_about,
    back_up,
    erase,
    opened,
    publish,
    sealed,
    traces,
    wrapped,
)
from world.time import DAY, HOUR
from world.town import ADMINISTRATOR, SUBJECTS, World

from certs.canonical import Json
from certs.leaf import read_leaf
from certs.tree import leaf_hash, verify_inclusion
from hub.errors import NotFound, Unavailable, Unprocessable
from hub.ledger import destruction, erasure, spans
from hub.ledger.erasure import ErasureRuns, StillKept, entered
from hub.ledger.retention import kept_until
from hub.storage.sqlite import DatabaseError, connect

FAST_ENOUGH = 10.0
"""Seconds for twenty small commits, on whatever machine; waiting for a reader once takes twenty."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destruction, "PAUSE", 0)


@pytest.fixture
def aged(world: World) -> Aged:
    found = ask_about(world)
    world.time.advance(3 * YEAR + 5 * DAY)
    return found


def gone(world: World) -> set[int]:
    """Positions whose *person* part is not there."""
    rows = world.hub.reading.execute("SELECT position FROM entries WHERE person IS NULL")
    return {position for (position,) in rows}


def states(world: World) -> dict[tuple[str, str], str]:
    return {(one.retention, one.month): one.state for one in world.hub.erasures.months()}


def faults(world: World) -> set[str]:
    return {fault.why for fault in world.findings().faults}


# -- bytes ----------------------------------------------------------------------------------------
def test_no_byte_of_what_was_erased_is_left(world: World, aged: Aged) -> None:
    old = [*sealed(world, aged.default), *wrapped(world)]
    assert len(old) > len(aged.default)
    root = world.root
    assert traces(root, old) == {
        "control.db",
        "control.db-wal",
        f"keys/persons/default-{MONTH}.key",
    }, "the search would find them"
    erase(world)
    assert traces(root, old) == set()
    assert gone(world) == set(aged.default)
    assert traces(root, sealed(world, aged.credit)), "the others lie where they lay"


def test_what_sqlite_moves_about_later_brings_nothing_back(world: World, aged: Aged) -> None:
    old = [*sealed(world, aged.default), *wrapped(world)]
    erase(world)
    world.again().hub.close()
    publish(world)
    connection = connect(world.hub.folder.control)
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    assert traces(world.root, old) == set()


def test_a_backup_cannot_be_opened_without_the_month_s_key(
    world: World, aged: Aged, tmp_path: Path
) -> None:
    backup = back_up(world, tmp_path / "backup")
    everything = [*aged.default, *aged.credit, *aged.later]
    before = opened(backup.database, backup.keys, everything)
    assert before.keys() == set(everything)
    erase(world)
    today = opened(backup.database, world.hub.folder.keys, everything)
    assert today.keys() == {*aged.credit, *aged.later}
    assert {position: before[position] for position in today} == today
    # With the folder of keys of that day it can: such a copy has to go.
    assert opened(backup.database, backup.keys, everything) == before


def test_each_part_still_there_opens_as_before(world: World, aged: Aged) -> None:
    kept = [*aged.credit, *aged.later]
    before = opened(world.hub.folder.control, world.hub.folder.keys, kept)
    erase(world)
    assert opened(world.hub.folder.control, world.hub.folder.keys, kept) == before
    assert not opened(world.hub.folder.control, world.hub.folder.keys, aged.default)


# -- what still holds -----------------------------------------------------------------------------
def test_the_log_still_verifies_and_every_entry_is_still_proven(world: World, aged: Aged) -> None:
    assert faults(world) == set()
    erase(world)
    publish(world)
    assert faults(world) == set()
    proofs = world.hub.proofs
    head = proofs.checkpoint()
    assert head.size == world.entries()
    for position in (*aged.default, *aged.credit, *aged.later):
        (leaf,) = world.hub.reading.execute(
            "SELECT leaf FROM entries WHERE position = ?", (position,)
        ).fetchone()
        path = proofs.inclusion(position, head.size)
        verify_inclusion(leaf_hash(leaf), position, head.size, path, head.root)
        assert read_leaf(leaf).kind


def test_both_classes_have_their_own_time(world: World, aged: Aged) -> None:
    assert states(world) == {
        ("default", MONTH): "due",
        ("credit", MONTH): "kept",
        ("default", NEXT_MONTH): "kept",
    }
    world.time.advance(31 * DAY)
    assert states(world)["default", NEXT_MONTH] == "due"
    with pytest.raises(StillKept):
        erase(world, "credit")
    world.time.advance(7 * YEAR)
    erase(world, "credit")
    erase(world)
    assert gone(world) == {*aged.default, *aged.credit}
    assert faults(world) == set()


def test_an_erased_month_is_no_longer_listed_and_not_erased_again(world: World, aged: Aged) -> None:
    entries = erase(world)
    assert ("default", MONTH) not in states(world)
    with pytest.raises(NotFound):
        erase(world)
    (told,) = entered(world.hub.reading)
    assert [told.entry] == entries
    assert told.listed == told.done == len(aged.default)
    assert told.complete


def test_the_entry_says_what_was_erased_and_by_what_law(world: World, aged: Aged) -> None:
    before = world.hub.reading.execute("SELECT epoch FROM ledger_head").fetchone()
    (position,) = erase(world)
    kind, control, person, _ = world.entry(position)
    assert kind == "erasure"
    assert isinstance(control, dict)
    state = control["state"]
    assert isinstance(state, dict)
    assert {name: state[name] for name in ("basis", "month", "retention")} == {
        "basis": BASIS,
        "month": MONTH,
        "retention": "default",
    }
    listed = state["indexes"]
    assert isinstance(listed, list)
    assert [place for pair in listed for place in _places(pair)] == aged.default
    assert len(listed) > 4, "the classes alternate"
    assert isinstance(person, dict)
    assert person["officer"] == "admin"
    assert world.hub.reading.execute("SELECT epoch FROM ledger_head").fetchone() == before


def _places(pair: Json) -> range:
    assert isinstance(pair, list)
    first, count = pair
    assert isinstance(first, int)
    assert isinstance(count, int)
    return range(first, first + count)


@pytest.mark.usefixtures("aged")
def test_a_month_whose_keys_sealed_nothing_is_erased_all_the_same(world: World) -> None:
    world.hub.persons.current("default", world.time() - 3 * YEAR - 60 * DAY, world.hub.store)
    old_month = next(month for _, month in states(world) if month < MONTH)
    (position,) = erase(world, "default", old_month)
    _, control, _, _ = world.entry(position)
    assert isinstance(control, dict)
    assert isinstance(control["state"], dict)
    assert control["state"]["indexes"] == []
    assert ("default", old_month) not in states(world)
    assert not (world.hub.folder.keys / "persons" / f"default-{old_month}.key").exists()
    assert faults(world) == set()


def test_what_is_counted_of_verifications_of_that_time_goes_too(world: World) -> None:
    """Keyed, and still one row a subject, by which hour somebody was guessed about."""
    assert world.ask(world.nrb.verify({"name": "李四"})).status == 200
    ask_about(world)
    assert world.ask(world.nrb.verify({"name": "李四"}, case="again")).status == 200
    subject = {"id": SUBJECTS[7], "type": "resident_id"}
    assert world.ask(world.nrb.verify({"name": "李四"}, subject=subject)).status == 200
    count = "SELECT count(*) FROM mismatches"
    world.hub.store.connection.execute(
        "INSERT INTO mismatches VALUES (7, ?, 1)", ((world.time() - 30 * DAY) // HOUR,)
    )
    assert world.hub.reading.execute(count).fetchone() == (3,)
    world.time.advance(3 * YEAR + 5 * DAY)
    erase(world)
    assert world.hub.reading.execute(count).fetchone() == (2,)


# -- what is refused ------------------------------------------------------------------------------
def test_nothing_is_erased_before_its_time(world: World) -> None:
    ask_about(world)
    until = kept_until(MONTH, 3)
    world.time.now = until - 1
    assert states(world)["default", MONTH] == "kept"
    size = world.entries()
    with pytest.raises(StillKept):
        world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    assert world.entries() == size
    world.time.now = until
    assert states(world)["default", MONTH] == "due"
    erase(world)
    assert faults(world) == set()


def test_a_clock_set_back_while_it_is_entered_erases_nothing(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, size = erasure._enter, world.entries()

    def late(*given: object) -> list[int]:
        world.time.now = kept_until(MONTH, 3) - 1
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(erasure, "_enter", late)
    with pytest.raises(StillKept):
        world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    assert world.hub.erasures.step()
    assert (world.entries(), gone(world)) == (size, set())
    assert aged.default


@pytest.mark.parametrize(
    ("retention", "month", "basis"),
    [
        ("other", MONTH, BASIS),
        ("default", "2026-13", BASIS),
        ("default", "../../x", BASIS),
        ("default", MONTH, ""),
        ("default", MONTH, "应 530402199001010012 本人要求"),
        ("default", MONTH, "a\nb"),
    ],
)
@pytest.mark.usefixtures("aged")
def test_what_makes_no_sense_is_refused(
    world: World, retention: str, month: str, basis: str
) -> None:
    size = world.entries()
    with pytest.raises(Unprocessable):
        world.hub.erasures.enter(retention, month, basis, ADMINISTRATOR)
    assert world.entries() == size


@pytest.mark.usefixtures("aged")
def test_one_erasure_at_a_time(world: World) -> None:
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    with pytest.raises(ErasureRuns):
        world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    assert states(world)["default", MONTH] == "erasing"


# -- in parts -------------------------------------------------------------------------------------
def test_a_month_of_many_spans_has_several_entries(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "MOST", 2)
    monkeypatch.setattr(destruction, "BATCH", 3)
    entries = erase(world)
    assert len(entries) >= 3
    assert gone(world) == set(aged.default)
    assert faults(world) == set()
    assert states(world).get(("default", MONTH)) is None


def test_an_entry_holds_as_many_spans_as_a_verifier_reads() -> None:
    """The widest positions, in the largest entry: within the limit of *control*."""
    pair = len("[9007199254740991,999999999],")
    assert spans.MOST * pair < 1 << 20


# -- readers, and other processes -----------------------------------------------------------------
def test_it_is_not_complete_while_somebody_reads_what_the_log_of_writes_holds(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destruction, "RETRY", 0.01)
    old = [*sealed(world, aged.default), *wrapped(world)]
    reader = connect(world.hub.folder.control)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(world.hub.erasures.step()))
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    assert not entered(world.hub.reading)[0].complete
    assert traces(world.root, old)
    reader.execute("ROLLBACK")
    thread.join(20)
    assert ended == [True]
    assert entered(world.hub.reading)[0].complete
    assert traces(world.root, old) == set()
    reader.close()


def test_whoever_waits_for_readers_lets_others_commit(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destruction, "RETRY", 0.01)
    reader = connect(world.hub.folder.control)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    thread = threading.Thread(target=world.hub.erasures.step)
    thread.start()
    size, began = world.entries(), time.monotonic()
    try:
        for _ in range(20):
            with world.hub.changes.change(ADMINISTRATOR, moves_epoch=False) as change:
                change.append("operator", {"act": "test"})
            assert time.monotonic() < began + FAST_ENOUGH
        assert thread.is_alive()
    finally:
        world.hub.erasures.stop()
        reader.close()
        thread.join(60)
    assert world.entries() == size + 20
    assert aged.default


def test_another_process_finishes_what_one_has_entered(world: World, aged: Aged) -> None:
    other = world.again()
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    assert gone(world) == set()
    assert other.hub.erasures.pending(other.hub.reading)
    assert other.hub.erasures.step()
    assert gone(world) == set(aged.default)
    assert not other.hub.erasures.pending(other.hub.reading)
    other.hub.close()


@pytest.mark.usefixtures("aged")
def test_only_one_process_erases(world: World) -> None:
    other = world.again()
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    with world.hub.erasures._alone():
        assert not other.hub.erasures.step()
        with pytest.raises(ErasureRuns):
            other.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
        assert gone(world) == set()
    other.hub.close()


# -- cut off --------------------------------------------------------------------------------------
class CutOffError(BaseException):
    """As if the process had been killed here."""


def cut(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *, after: int = 0) -> None:
    """End the process at the call of a method that comes after ``after`` others."""
    real = getattr(owner, name)
    calls = iter(range(after))

    def counted(*given: object, **named: object) -> object:
        if next(calls, None) is None:
            raise CutOffError
        return real(*given, **named)

    monkeypatch.setattr(owner, name, counted)


CUTS = {
    "before any part": (destruction.Destruction, "_parts", 0),
    "before the keys": (destruction.Destruction, "_keys", 0),
    "before the month's file": (destruction.MonthKeys, "destroy", 0),
    "before the log is cut": (destruction, "cut_log", 0),
    "before the log is cut again": (destruction, "cut_log", 1),
}


@pytest.mark.parametrize("where", CUTS)
def test_what_was_entered_is_finished_after_a_crash(
    world: World, aged: Aged, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [*sealed(world, aged.default), *wrapped(world)]
    reader = None
    owner, name, after = CUTS[where]
    if after:
        monkeypatch.setattr(destruction, "RETRY", 0)
        reader = connect(world.hub.folder.control)
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM entries").fetchone()
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    with monkeypatch.context() as cutting:
        cut(cutting, owner, name, after=after)
        with pytest.raises(CutOffError):
            world.hub.erasures.step()
    if reader is not None:
        reader.close()
    assert not entered(world.hub.reading)[0].complete
    assert traces(world.root, old)
    again = world.again()
    assert again.hub.erasures.pending(again.hub.reading)
    assert again.hub.erasures.step()
    assert traces(world.root, old) == set()
    assert faults(again) == set()
    again.hub.close()


def test_a_crash_among_the_parts_leaves_each_whole_or_gone(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destruction, "BATCH", 3)
    old = [*sealed(world, aged.default), *wrapped(world)]
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    with monkeypatch.context() as cutting:
        cut(cutting, destruction.LedgerStore, "locked", after=5)
        with pytest.raises(CutOffError):
            world.hub.erasures.step()
    assert set() < gone(world) < set(aged.default)
    done = entered(world.hub.reading)[0].done
    assert done == len(gone(world))
    assert faults(world) == {"erasure-unfinished"}
    assert world.hub.erasures.step()
    assert gone(world) == set(aged.default)
    assert traces(world.root, old) == set()
    assert faults(world) == set()


def test_a_crash_while_it_is_entered_destroys_what_was_entered_and_nothing_else(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of several entries stands: its parts go, the rest is due again, keys and all."""
    monkeypatch.setattr(erasure, "MOST", 2)
    before = opened(world.hub.folder.control, world.hub.folder.keys, aged.default)
    with monkeypatch.context() as cutting:
        cut(cutting, erasure, "_enter", after=1)
        with pytest.raises(CutOffError):
            world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    assert gone(world) == set(), "so far it is only entered"
    assert world.hub.erasures.step()
    first = gone(world)
    assert set() < first < set(aged.default)
    left = opened(world.hub.folder.control, world.hub.folder.keys, aged.default)
    assert left == {place: before[place] for place in aged.default if place not in first}
    assert states(world)["default", MONTH] == "due"
    assert faults(world) == set()
    monkeypatch.undo()
    erase(world)
    assert gone(world) == set(aged.default)
    assert faults(world) == set()


def test_a_crash_before_it_is_entered_destroys_nothing(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = [*aged.default, *aged.credit, *aged.later]
    before = opened(world.hub.folder.control, world.hub.folder.keys, everything)
    with monkeypatch.context() as cutting:
        cut(cutting, erasure, "_enter")
        with pytest.raises(CutOffError):
            world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    assert world.hub.erasures.step()
    assert opened(world.hub.folder.control, world.hub.folder.keys, everything) == before
    assert states(world)["default", MONTH] == "due"


def test_a_disk_that_fails_ends_the_process(
    world: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store that erases is another than the process's own, which must not go on either."""
    ended: list[bool] = []
    world.hub.store.when_broken(lambda: ended.append(True))

    def failing(self: destruction.Destruction) -> None:
        with self._store.locked():
            raise DatabaseError("disk I/O error")

    monkeypatch.setattr(destruction.Destruction, "_keys", failing)
    world.hub.erasures.enter("default", MONTH, BASIS, ADMINISTRATOR)
    with pytest.raises(Unavailable):
        world.hub.erasures.step()
    assert ended == [True]
    assert world.hub.store.broken
    assert gone(world) == set(aged.default)


# -- keys that come back --------------------------------------------------------------------------
def test_a_key_put_back_from_a_backup_is_found_and_destroyed_at_the_next_start(
    world: World, aged: Aged, tmp_path: Path
) -> None:
    backup = back_up(world, tmp_path / "backup")
    name = f"persons/default-{MONTH}.key"
    erase(world)
    shutil.copy(backup.keys / name, world.hub.folder.keys / name)
    assert faults(world) == {"erasure-unfinished"}
    again = world.again()
    assert again.hub.erasures.pending(again.hub.reading)
    assert again.hub.erasures.step()
    assert not (world.hub.folder.keys / name).exists()
    assert faults(again) == set()
    assert (world.hub.folder.keys / f"persons/credit-{MONTH}.key").exists()
    again.hub.close()
    assert aged.default


# -- memory ---------------------------------------------------------------------------------------
def test_every_process_forgets_the_key(world: World, aged: Aged) -> None:
    other = world.again()
    place, kept = aged.default[0], aged.credit[0]
    rows = {
        position: other.hub.reading.execute(
            "SELECT person_key FROM entries WHERE position = ?", (position,)
        ).fetchone()[0]
        for position in (place, kept)
    }
    for number in rows.values():
        other.hub.persons.numbered(number)
    erase(world)
    assert rows[place] in other.hub.persons._by_number
    asyncio.run(other.hub.forgetting.look())
    assert rows[place] not in other.hub.persons._by_number
    assert rows[kept] in other.hub.persons._by_number
    other.hub.close()
