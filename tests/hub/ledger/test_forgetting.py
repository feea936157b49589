"""What one process erased every other one forgets: keys, and rows of the auditors' index."""

import asyncio
from collections.abc import Iterator

import pytest
from world.aging import MONTH, YEAR, Aged, ask_about, erase
from world.stating import made
from world.time import DAY
from world.town import SUBJECTS, World

from hub.audit import search
from hub.audit.entry import open_entry
from hub.audit.search import Filters
from hub.audit.statement import Asked
from hub.audit.statement_lines import erased_months
from hub.ledger import destruction
from hub.ledger.change import Actor

AUDITOR = Actor("console", account="audit")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destruction, "PAUSE", 0)


@pytest.fixture
def aged(world: World) -> Aged:
    found = ask_about(world)
    world.time.advance(3 * YEAR + 5 * DAY)
    return found


@pytest.fixture
def other(world: World, aged: Aged) -> Iterator[World]:
    """Another process, with everything in memory that it could have there."""
    assert aged.default
    second = world.again()
    asyncio.run(second.hub.audit.catch_up())
    for (number,) in second.hub.reading.execute("SELECT id FROM person_keys").fetchall():
        second.hub.persons.numbered(number)
    yield second
    second.hub.close()


def known(world: World) -> set[int]:
    """Entries of which a process's index knows anything about a person."""
    rows = world.hub.audit._open().execute(
        "SELECT position FROM log WHERE officer IS NOT NULL OR case_number IS NOT NULL"
        " OR subject IS NOT NULL"
    )
    return {position for (position,) in rows.fetchall()}


def rows(world: World) -> int:
    ((count,),) = world.hub.audit._open().execute("SELECT count(*) FROM log").fetchall()
    return int(count)


def look(world: World) -> None:
    asyncio.run(world.hub.forgetting.look())


def test_the_index_of_every_process_drops_whom_it_was_about(
    world: World, other: World, aged: Aged
) -> None:
    before, size = known(other), rows(other)
    assert {*aged.default[-3:], *aged.credit, *aged.later} <= before
    look(other)
    assert known(other) == before, "nothing has been erased yet"
    erase(world)
    look(other)
    assert known(other) == before - {*aged.default}
    assert rows(other) == size, "what stands in control is still found"


def test_many_are_forgotten_piece_by_piece(
    world: World, other: World, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FORGOTTEN", 2)
    before = known(other)
    erase(world)
    look(other)
    assert known(other) == before - {*aged.default}


def test_keys_that_were_erased_are_forgotten_and_no_others(
    world: World, other: World, aged: Aged
) -> None:
    numbers: dict[int, int] = dict(
        other.hub.reading.execute("SELECT position, person_key FROM entries").fetchall()
    )
    erased = {numbers[position] for position in aged.default}
    kept = {numbers[position] for position in (*aged.credit, *aged.later)}
    own = other.hub.persons.current("default", other.time(), other.hub.store)
    erase(world)
    assert erased <= other.hub.persons._by_number.keys()
    look(other)
    assert erased.isdisjoint(other.hub.persons._by_number)
    assert kept <= other.hub.persons._by_number.keys()
    assert other.hub.persons.current("default", other.time(), other.hub.store) is own


def test_a_search_finds_nobody_who_was_erased_even_before_that(
    world: World, other: World, aged: Aged
) -> None:
    def found(subject: str) -> set[int]:
        page = other.hub.audit.search(other.hub.changes, AUDITOR, Filters(subject=subject))
        return {row.position for row in page.rows if row.kind == "lookup"}

    assert found(SUBJECTS[1]) == {aged.default[-4]}
    erase(world)
    assert found(SUBJECTS[1]) == set()


def test_an_erased_entry_is_opened_without_its_person(world: World, aged: Aged) -> None:
    erase(world)
    while world.hub.checkpointer.step() is not None:
        pass
    hub, place = world.hub, aged.default[-1]
    opened = open_entry(hub.changes, AUDITOR, hub.reading, hub.persons, place)
    assert (opened.person, opened.person_salt) == (None, None)
    assert opened.control["outcome"] == "refused"
    assert opened.inclusion is not None


def test_a_statement_tells_that_a_month_was_erased_and_nothing_of_it(
    world: World, aged: Aged
) -> None:
    asked = Asked(SUBJECTS[0], "告〔2029〕1号")
    before = {one.row.position for one in made(world.hub, asked).statement.entries}
    assert before & {*aged.default}
    assert before & {*aged.later}
    erase(world)
    after = {one.row.position for one in made(world.hub, asked).statement.entries}
    assert after & before == before - {*aged.default}
    assert erased_months(world.hub.reading) == (MONTH,)
    assert world.findings().faults == ()
