"""What the one lock orders: nonces, epochs, times, repeats and quotas, whoever comes when."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.time import HOUR, MINUTE, NOW, Time

from certs.leaf import read_leaf
from certs.tree import leaf_hash
from hub.clock import shanghai_day
from hub.errors import Unavailable
from hub.ledger.attempt import Attempt, Bounce, Charge, Entered, Nonce, QuestionKey
from hub.ledger.committer import REPEAT_WINDOW, REPEATS, Committer
from hub.ledger.group import GroupCommit
from hub.storage.schema import NONCE_TABLES, NONCE_WINDOW

if TYPE_CHECKING:
    from conftest import Book

Group = Callable[["Book", Attempt], Entered | Bounce]


def quickly(book: "Book", attempt: Attempt) -> Entered | Bounce:
    """In company that the quick way takes."""
    return book.committer.commit([book.attempt(), attempt, book.attempt()])[1]


def singly(book: "Book", attempt: Attempt) -> Entered | Bounce:
    """In company that keeps the group off the quick way."""
    return book.committer.commit([book.attempt(), attempt, book.odd()])[1]


def alone(book: "Book", attempt: Attempt) -> Entered | Bounce:
    return book.one(attempt)


WAYS = pytest.mark.parametrize("way", [quickly, singly, alone])


def fresh() -> Nonce:
    """A nonce whose signature ends a minute after ``NOW``, wherever a clock stands."""
    return Nonce.of(int.from_bytes(os.urandom(8), "big") >> 1, NOW // 1000 + 60)


def used(book: "Book") -> int:
    ((total,),) = book.rows("SELECT coalesce(sum(used), 0) FROM quotas")
    assert isinstance(total, int)
    return total


# -- nonces ---------------------------------------------------------------------------------------
@WAYS
def test_a_replay_in_a_later_group(book: "Book", way: Group) -> None:
    first = book.attempt()
    assert isinstance(book.one(first), Entered)
    before = book.positions()
    assert way(book, book.attempt(nonce=first.nonce)) is Bounce.REPLAYED
    assert len(book.positions()) - len(before) in {0, 2}


@WAYS
def test_a_replay_of_what_came_singly(book: "Book", way: Group) -> None:
    first = book.attempt()
    assert isinstance(singly(book, first), Entered)
    assert way(book, book.attempt(nonce=first.nonce)) is Bounce.REPLAYED


@pytest.mark.parametrize("odd", [True, False])
def test_a_replay_in_the_same_group(book: "Book", *, odd: bool) -> None:
    first = book.attempt()
    group = [first, book.attempt(nonce=first.nonce), book.odd() if odd else book.attempt()]
    results = book.committer.commit(group)
    assert [r if isinstance(r, Bounce) else None for r in results] == [None, Bounce.REPLAYED, None]


def test_one_replay_does_not_spoil_its_group(book: "Book") -> None:
    first = book.attempt()
    book.one(first)
    results = book.committer.commit(
        [*(book.attempt() for _ in range(5)), book.attempt(nonce=first.nonce)]
        + [book.attempt() for _ in range(5)]
    )
    assert [r.position for r in results if isinstance(r, Entered)] == list(range(1, 11))
    assert results[5] is Bounce.REPLAYED


@WAYS
def test_a_replay_of_a_request_without_an_entry(book: "Book", way: Group) -> None:
    nonce = book.attempt().nonce
    assert nonce is not None
    assert book.committer.reserve(nonce, 1) == 0
    assert book.committer.reserve(nonce, 2) is None
    assert way(book, book.attempt(nonce=nonce)) is Bounce.REPLAYED
    assert book.committer.reserve(nonce, 3) is None


def test_an_entry_replayed_as_a_request_without_one(book: "Book") -> None:
    first = book.attempt()
    book.one(first)
    assert first.nonce is not None
    assert book.committer.reserve(first.nonce, 99) is None


@WAYS
def test_a_replay_in_each_later_window(book: "Book", way: Group) -> None:
    window = NOW // 1000 // NONCE_WINDOW
    first = book.attempt(nonce=Nonce(7, window))
    assert isinstance(book.one(first), Entered)
    for later in range(1, 2 * NONCE_TABLES + 1):
        # Others whose signatures end in later windows make the oldest table empty itself.
        assert isinstance(book.one(book.attempt(nonce=Nonce(7 + later, window + later))), Entered)
        assert way(book, book.attempt(nonce=Nonce(7, window))) is Bounce.REPLAYED


def test_a_window_is_kept_for_as_long_as_a_signature_can_live(book: "Book") -> None:
    """The newest that can come ends 360 s from now; the oldest that still holds, 60 s ago."""
    for offset in range(0, NONCE_WINDOW, 17):
        book.time.now = (NOW // 1000 // NONCE_WINDOW * NONCE_WINDOW + offset) * 1000 + 10**9
        oldest, newest = book.time() // 1000 - 60, book.time() // 1000 + 360
        attempt = book.attempt(nonce=Nonce.of(offset, oldest), not_after=NOW * 2)
        assert isinstance(book.one(attempt), Entered)
        book.one(book.attempt(nonce=Nonce.of(offset + 1, newest), not_after=NOW * 2))
        replay = book.attempt(nonce=Nonce.of(offset, oldest), not_after=NOW * 2)
        assert book.one(replay) is Bounce.REPLAYED
        ((kept,),) = book.rows(
            f"SELECT count(*) FROM nonces_{oldest // NONCE_WINDOW % NONCE_TABLES}"  # noqa: S608
            f" WHERE id = {offset}"
        )
        assert kept == 1, "refused by its nonce, and not because its window had gone"
        book.time.advance(NONCE_TABLES * NONCE_WINDOW * 1000)


def test_old_nonces_do_not_pile_up(book: "Book") -> None:
    window = NOW // 1000 // NONCE_WINDOW
    for later in range(10):
        book.committer.commit([book.attempt(nonce=Nonce(later, window + later))])
    counts = [book.rows(f"SELECT count(*) FROM nonces_{slot}")[0][0] for slot in range(3)]  # noqa: S608
    assert counts == [1, 1, 1]


@WAYS
def test_a_replay_after_a_restart(book: "Book", way: Group) -> None:
    first = book.attempt()
    book.one(first)
    book.restart()
    assert way(book, book.attempt(nonce=first.nonce)) is Bounce.REPLAYED


@WAYS
def test_a_replay_to_another_process(book: "Book", way: Group) -> None:
    first = book.attempt()
    assert isinstance(book.another().commit([first])[0], Entered)
    assert way(book, book.attempt(nonce=first.nonce)) is Bounce.REPLAYED


def test_one_nonce_to_two_processes_at_once(book: "Book") -> None:
    nonce = book.attempt().nonce
    assert nonce is not None
    told = _two_processes(book, "nonce", "40", str(nonce.id), str(nonce.window))
    assert told == Counter({"entered": 1, "replayed": 79})
    assert book.positions() == [0]


@WAYS
def test_the_same_attempt_passes_again_on_its_second_round(book: "Book", way: Group) -> None:
    first = book.attempt(epoch=5)
    assert way(book, first) is Bounce.STALE
    assert isinstance(way(book, first._replace(epoch=0)), Entered)
    assert way(book, book.attempt(nonce=first.nonce)) is Bounce.REPLAYED


# -- epoch and time -------------------------------------------------------------------------------
@WAYS
def test_a_decision_on_an_old_epoch_is_not_entered(book: "Book", way: Group) -> None:
    with book.store.locked() as head:
        head.epoch += 1
    stale, sound = book.attempt(epoch=0), book.attempt(epoch=1)
    assert way(book, stale) is Bounce.STALE
    before = book.positions()
    assert isinstance(book.one(sound), Entered)
    assert len(book.positions()) == len(before) + 1


def test_the_sound_ones_beside_a_stale_one_are_entered(book: "Book") -> None:
    results = book.committer.commit([book.attempt(), book.attempt(epoch=9), book.attempt()])
    assert isinstance(results[0], Entered)
    assert results[1] is Bounce.STALE
    assert isinstance(results[2], Entered)
    assert book.positions() == [0, 1]


def test_what_depends_on_no_epoch_is_entered_at_any(book: "Book") -> None:
    busy = book.attempt(epoch=None, not_before=0, not_after=0)
    assert isinstance(book.one(busy), Entered)


@WAYS
@pytest.mark.parametrize(
    ("begins", "ends", "holds"),
    [(0, 0, True), (-1, 0, True), (0, 1, True), (-HOUR, -1, False), (1, HOUR, False)],
)
def test_validity_is_judged_at_the_time_under_the_lock(
    book: "Book", way: Group, begins: int, ends: int, *, holds: bool
) -> None:
    attempt = book.attempt(not_before=NOW + begins, not_after=NOW + ends)
    result = way(book, attempt)
    assert isinstance(result, Entered) if holds else result is Bounce.STALE


def test_time_does_not_run_backwards_when_a_clock_does(book: "Book") -> None:
    behind = book.another(Time(NOW - 4_000))
    times = []
    for committer in (book.committer, behind, book.committer, behind):
        (entered,) = committer.commit([book.attempt(nonce=fresh())])
        assert isinstance(entered, Entered)
        times.append(entered.time)
        book.time.advance(-1_000)
    assert times == [NOW] * 4
    book.time.now = NOW + 1
    entered = book.one(book.attempt())
    assert isinstance(entered, Entered)
    assert entered.time == read_leaf(entered.leaf).time == NOW + 1


def test_a_clock_that_ran_ahead_keeps_short_signatures_out(book: "Book") -> None:
    ahead = book.another(Time(NOW + 4_000))
    ahead.commit([book.attempt(nonce=fresh())])
    assert book.one(book.attempt(nonce=fresh(), not_after=NOW + 3_000)) is Bounce.STALE


def test_a_clock_far_behind_the_log_answers_nobody(book: "Book") -> None:
    ahead = book.another(Time(NOW + MINUTE))
    ahead.commit([book.attempt(nonce=fresh())])
    with pytest.raises(Unavailable) as told:
        book.one(book.attempt(nonce=fresh()))
    assert told.value.facts == {"why": "clock"}
    book.time.advance(MINUTE)
    assert isinstance(book.one(book.attempt(nonce=fresh())), Entered)


# -- repeats --------------------------------------------------------------------------------------
def question(book: "Book", number: int = 1, content: bytes = b"same") -> Attempt:
    return book.attempt(question=QuestionKey(number, content), charge=Charge("G", 3))


def test_five_repeats_are_free_and_the_sixth_is_refused(book: "Book") -> None:
    first = book.one(question(book))
    assert isinstance(first, Entered)
    for _ in range(REPEATS):
        again = book.one(question(book))
        assert isinstance(again, Entered)
        assert book.control(again.position)["repeats"] == first.position
    assert book.one(question(book)) is Bounce.REPEATS_SPENT
    assert used(book) == 1
    assert len(book.positions()) == 6


def test_a_first_question_repeats_nothing(book: "Book") -> None:
    first = book.one(question(book))
    assert isinstance(first, Entered)
    assert book.control(first.position)["repeats"] is None


def test_a_repeat_of_the_very_first_entry_names_it(book: "Book") -> None:
    book.one(question(book))
    again = book.one(question(book))
    assert isinstance(again, Entered)
    assert book.control(again.position)["repeats"] == 0


@pytest.mark.parametrize(("late", "free"), [(0, True), (1, False)])
def test_a_repeat_is_taken_for_ten_minutes(book: "Book", late: int, *, free: bool) -> None:
    book.one(question(book))
    book.time.advance(REPEAT_WINDOW + late)
    result = book.one(question(book))
    assert isinstance(result, Entered) if free else result is Bounce.REPEATS_SPENT


def test_repeats_in_one_group_count_too(book: "Book") -> None:
    results = book.committer.commit([question(book) for _ in range(8)])
    assert [isinstance(result, Entered) for result in results] == [True] * 6 + [False] * 2
    assert used(book) == 1


def test_a_repeat_pays_if_its_first_did_not(book: "Book") -> None:
    first = book.one(question(book)._replace(charge=None))
    assert isinstance(first, Entered)
    assert used(book) == 0
    assert isinstance(book.one(question(book)), Entered)
    assert isinstance(book.one(question(book)), Entered)
    assert used(book) == 1


def test_a_request_id_with_other_content_conflicts(book: "Book") -> None:
    book.one(question(book))
    assert book.one(question(book, content=b"other")) is Bounce.REQUEST_ID_CONFLICT
    assert isinstance(book.one(question(book)), Entered)
    assert used(book) == 1
    results = book.committer.commit([question(book, 2), question(book, 2, b"other")])
    assert results[1] is Bounce.REQUEST_ID_CONFLICT


# -- quotas ---------------------------------------------------------------------------------------
def test_a_quota_is_spent_exactly(book: "Book") -> None:
    results = book.committer.commit([book.attempt(charge=Charge("G", 5)) for _ in range(8)])
    assert [r is Bounce.QUOTA_SPENT for r in results] == [False] * 5 + [True] * 3
    assert used(book) == 5
    assert book.one(book.attempt(charge=Charge("G", 5))) is Bounce.QUOTA_SPENT
    assert isinstance(book.one(book.attempt(charge=Charge("other", 5))), Entered)


def test_what_is_not_limited_is_counted(book: "Book") -> None:
    book.committer.commit([book.attempt(charge=Charge("G", None)) for _ in range(4)])
    assert used(book) == 4


def test_a_quota_begins_again_with_the_day_in_shanghai(book: "Book") -> None:
    # 2026-09-21T14:13:20Z is 22:13:20 in Shanghai, where the day ends at 16:00Z.
    midnight = (shanghai_day(NOW) + 1) * 24 * HOUR - 8 * HOUR
    assert NOW < midnight < NOW + 2 * HOUR
    charge = Charge("G", 1)
    assert isinstance(book.one(book.attempt(charge=charge)), Entered)
    book.time.now = midnight - 1
    assert book.one(book.attempt(charge=charge)) is Bounce.QUOTA_SPENT
    book.time.now = midnight
    assert isinstance(book.one(book.attempt(charge=charge)), Entered)
    assert book.one(book.attempt(charge=charge)) is Bounce.QUOTA_SPENT


def test_what_was_not_entered_costs_nothing(book: "Book") -> None:
    charge = Charge("G", 10)
    paid = book.attempt(charge=charge)
    book.one(paid)
    book.one(book.attempt(charge=charge, epoch=4))
    book.one(book.attempt(charge=charge, nonce=paid.nonce))
    book.one(book.attempt(charge=charge, not_after=NOW - 1))
    assert used(book) == 1


def test_a_quota_is_exact_between_two_processes(book: "Book") -> None:
    told = _two_processes(book, "quota", "60")
    assert told == Counter({"entered": 50, "quota-spent": 70})
    assert used(book) == 50
    assert book.positions() == list(range(50))
    assert book.rows("SELECT next FROM ledger_head") == [(50,)]


def _two_processes(book: "Book", *arguments: str) -> Counter[str]:
    """Let two processes enter their attempts at once, and count what became of them."""
    book.persons.current("default", NOW, book.store)
    script = Path(__file__).with_name("committing.py")
    root = script.parents[3]
    paths = os.pathsep.join([str(root), str(root / "tests")])
    environment = {**os.environ, "PYTHONPATH": paths}
    both = [
        subprocess.Popen(
            [sys.executable, str(script), str(book.folder.root), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    return Counter("".join(told).split())


# -- failed verifications -------------------------------------------------------------------------
def test_a_subject_is_guessed_at_five_times_an_hour(book: "Book") -> None:
    book.time.now = NOW // HOUR * HOUR
    results = [book.one(book.attempt(mismatch=1)) for _ in range(7)]
    assert [r is Bounce.VERIFY_THROTTLED for r in results] == [False] * 5 + [True] * 2
    assert isinstance(book.one(book.attempt(mismatch=2)), Entered)
    book.time.advance(HOUR - 1)
    assert book.one(book.attempt(mismatch=1)) is Bounce.VERIFY_THROTTLED
    book.time.advance(1)
    results = [book.one(book.attempt(mismatch=1)) for _ in range(6)]
    assert [r is Bounce.VERIFY_THROTTLED for r in results] == [False] * 5 + [True]


def test_a_right_guess_after_too_many_wrong_ones_is_refused(book: "Book") -> None:
    book.time.now = NOW // HOUR * HOUR
    assert isinstance(book.one(book.attempt(guarded=1)), Entered)
    for _ in range(5):
        book.one(book.attempt(mismatch=1))
    assert book.one(book.attempt(guarded=1)) is Bounce.VERIFY_THROTTLED
    assert isinstance(book.one(book.attempt(guarded=2)), Entered)
    book.time.advance(HOUR)
    assert isinstance(book.one(book.attempt(guarded=1)), Entered)


def test_guessing_many_at_once_does_not_help(book: "Book") -> None:
    guesses = [book.attempt(mismatch=1) for _ in range(5)] + [book.attempt(guarded=1)]
    assert book.committer.commit(guesses)[5] is Bounce.VERIFY_THROTTLED


def test_guesses_in_one_group_are_counted_one_by_one(book: "Book") -> None:
    results = book.committer.commit([book.attempt(mismatch=1) for _ in range(7)])
    assert results[5:] == [Bounce.VERIFY_THROTTLED] * 2


# -- durability -----------------------------------------------------------------------------------
# A foreign key that is looked at only at the end makes the COMMIT itself fail, as a full disk may.
BREAKING = (
    "CREATE TABLE nowhere (id INTEGER PRIMARY KEY)",
    "CREATE TABLE broken (id INTEGER REFERENCES nowhere DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER breaks AFTER INSERT ON entries BEGIN INSERT INTO broken VALUES (1); END",
)


def test_a_commit_that_fails_answers_nobody(book: "Book") -> None:
    for statement in BREAKING:
        book.store.connection.execute(statement)
    attempts = [book.attempt(charge=Charge("G", 5)) for _ in range(3)]

    async def ask() -> list[object]:
        group = GroupCommit(book.committer, window_ms=1)
        waiting = [group.submit(attempt) for attempt in attempts]
        return await asyncio.gather(*waiting, return_exceptions=True)

    results = asyncio.run(ask())
    assert [type(result) for result in results] == [Unavailable] * 3
    assert book.positions() == []
    assert book.rows("SELECT next, last_time FROM ledger_head") == [(0, NOW)]
    # The lock was given up, and neither nonce nor quota was spent on it.
    book.store.connection.execute("DROP TRIGGER breaks")
    entered = book.another().commit(attempts)
    assert [type(result) for result in entered] == [Entered] * 3
    assert used(book) == 3


def test_a_database_that_refuses_to_write_answers_nobody(book: "Book") -> None:
    book.one(book.attempt())
    ((pages,),) = book.rows("PRAGMA page_count")
    book.store.connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Unavailable):  # noqa: PT012 which of them it is depends on the page size
        for _ in range(40):
            book.committer.commit([book.attempt() for _ in range(20)])
    ((count,),) = book.rows("SELECT next FROM ledger_head")
    assert book.positions() == list(range(int(str(count))))
    book.store.connection.execute("PRAGMA max_page_count=100000")
    assert isinstance(book.one(book.attempt()), Entered)


def test_each_gets_its_own_result(book: "Book") -> None:
    """A group's answers go to those who asked, also across several commits."""
    count = 700

    async def ask() -> list[tuple[Attempt, Entered | Bounce]]:
        group = GroupCommit(book.committer, window_ms=1)

        async def one(attempt: Attempt) -> tuple[Attempt, Entered | Bounce]:
            return attempt, await group.submit(attempt)

        attempts = [book.attempt(epoch=0 if n % 50 else 1) for n in range(count)]
        return await asyncio.gather(*(one(attempt) for attempt in attempts))

    told = asyncio.run(ask())
    entered = [(a, r) for a, r in told if isinstance(r, Entered)]
    assert len(entered) == count - count // 50
    for attempt, result in entered:
        assert book.control(result.position) == attempt.control
        assert result.leaf_hash == leaf_hash(result.leaf)
    assert sorted(r.position for _, r in entered) == book.positions()


def test_somebody_who_gave_up_waiting_is_entered_and_disturbs_nobody(book: "Book") -> None:
    async def ask() -> Entered | Bounce:
        group = GroupCommit(book.committer, window_ms=5)
        gone = asyncio.create_task(group.submit(book.attempt()))
        stays = asyncio.create_task(group.submit(book.attempt()))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert isinstance(asyncio.run(ask()), Entered)
    assert book.positions() == [0, 1]


def test_positions_have_no_gaps_and_entries_stay_in_their_order(book: "Book") -> None:
    second: Committer = book.another()
    for number in range(6):
        who = second if number % 2 else book.committer
        group = [book.attempt(epoch=n % 3 // 2) for n in range(9)]
        entered = [r for r in who.commit(group) if isinstance(r, Entered)]
        positions = [r.position for r in entered]
        assert positions == list(range(positions[0], positions[0] + 6))
    assert book.positions() == list(range(36))
