"""Searching the log: who looked at whom, and that the looking is seen itself."""

import json
from typing import TYPE_CHECKING

import pytest

from hub.audit.search import AUDIT_READ, Filters, Page
from hub.errors import Unprocessable
from hub.ledger.change import Actor

if TYPE_CHECKING:
    from conftest import World

AUDITOR = Actor("console", account="audit.zhao")
ZHANG, LI = "11010519491231002X", "440524188001010014"


def search(world: "World", **filters: str | int | None) -> Page:
    return world.index.search(world.changes, AUDITOR, Filters(**filters))  # type: ignore[arg-type]


def positions(page: Page) -> list[int]:
    return [row.position for row in page.rows]


def person_part(world: "World", position: int) -> dict[str, object]:
    sealed, key, leaf = world.reading.execute(
        "SELECT person, person_key, leaf FROM entries WHERE position = ?", (position,)
    ).fetchone()
    _, part = world.persons.open(sealed, key, json.loads(leaf)["person"])
    opened: dict[str, object] = json.loads(part)
    return opened


def test_a_subject_is_found_with_who_asked_when_and_why(world: "World") -> None:
    position = world.ask(ZHANG)
    world.ask(LI)
    [row] = search(world, subject=ZHANG).rows
    assert (row.position, row.time, row.kind) == (position, world.time.now - 1000, "lookup")
    assert (row.officer, row.case, row.department) == ("hfc.wang", "GJJ-1", "hfc")
    assert (row.dataset, row.grant, row.outcome) == ("resident", world.grant.id, "empty")
    assert (row.purpose, row.channel) == ("housing_fund_withdrawal", "console")
    assert row.about


@pytest.mark.parametrize(
    "written",
    ["11010519491231002x", " １１０１０５１９４９１２３１００２Ｘ ", "110105 19491231 002X"],
)
def test_a_subject_is_found_however_it_is_written(world: "World", written: str) -> None:
    asked_plainly = world.ask(ZHANG)
    asked_so = world.ask(written)
    assert positions(search(world, subject=written)) == [asked_so, asked_plainly]
    assert positions(search(world, subject=ZHANG))[-2:] == [asked_so, asked_plainly]


def test_refusals_are_found_too(world: "World") -> None:
    refused = world.ask(ZHANG, purpose="tax_administration")
    outsider = world.ask(ZHANG, department="tax", officer="tax.nobody")
    rows = {row.position: row for row in search(world, subject=ZHANG).rows}
    assert rows[refused].outcome == "refused"
    assert rows[refused].grant == world.grant.id
    assert (rows[outsider].department, rows[outsider].grant) == ("tax", None)


def test_filters_hold_together(world: "World") -> None:
    first = world.ask(ZHANG)
    second = world.ask(ZHANG, officer="hfc.sun")
    third = world.ask(LI, officer="hfc.sun")
    time = {row.position: row.time for row in search(world).rows}
    assert positions(search(world, officer="hfc.sun", kind="lookup")) == [third, second]
    assert positions(search(world, officer="hfc.sun", subject=ZHANG)) == [second]
    assert positions(search(world, kind="lookup", since=time[second])) == [third, second]
    assert positions(search(world, kind="lookup", until=time[second])) == [first]
    assert positions(search(world, dataset="resident", kind="lookup", department="psb")) == []
    assert world.grant.id in {row.grant for row in search(world, kind="grant").rows}
    assert {row.department for row in search(world, kind="person").rows} == {"hfc"}


def test_pages_go_on_where_the_last_ended(world: "World") -> None:
    asked = [world.ask(ZHANG) for _ in range(5)]
    page = search(world, kind="lookup", limit=2)
    seen = positions(page)
    while page.following is not None:
        page = search(world, kind="lookup", limit=2, before=page.following)
        seen += positions(page)
    assert seen == asked[::-1]


def test_a_search_is_an_entry_with_its_subject_sealed(world: "World") -> None:
    page = search(world, subject=ZHANG, department="hfc")
    leaf, control = world.reading.execute(
        "SELECT leaf, control FROM entries WHERE position = ?", (page.entry,)
    ).fetchone()
    assert json.loads(leaf)["kind"] == AUDIT_READ
    assert json.loads(control)["state"]["by"] == ["department", "subject"]
    assert ZHANG.encode() not in control
    assert person_part(world, page.entry) == {
        "case": None,
        "officer": "audit.zhao",
        "subject": {"id": ZHANG, "type": "searched"},
    }


def test_a_search_for_an_officer_names_him_in_a_part_that_can_be_erased(world: "World") -> None:
    page = search(world, officer="hfc.wang", subject=ZHANG)
    control = world.reading.execute(
        "SELECT group_concat(control) FROM entries WHERE position >= ?", (page.entry,)
    ).fetchone()[0]
    assert "hfc.wang" not in control
    assert person_part(world, page.entry + 1)["subject"] == {"id": "hfc.wang", "type": "officer"}


def test_the_next_auditor_sees_that_the_first_searched(world: "World") -> None:
    first = search(world, subject=ZHANG)
    assert first.rows == ()
    assert positions(search(world, subject=ZHANG)) == [first.entry]


def test_a_search_moves_no_epoch(world: "World") -> None:
    before = world.reading.execute("SELECT epoch FROM ledger_head").fetchone()
    search(world, subject=ZHANG)
    assert world.reading.execute("SELECT epoch FROM ledger_head").fetchone() == before


def test_an_erased_person_part_is_found_no_more(world: "World") -> None:
    kept, erased = world.ask(ZHANG), world.ask(ZHANG)
    assert positions(search(world, subject=ZHANG))[-2:] == [erased, kept]
    with world.store.locked():
        world.store.connection.execute(
            "UPDATE entries SET person = NULL WHERE position = ?", (erased,)
        )
    assert erased not in positions(search(world, subject=ZHANG))
    row = next(row for row in search(world, kind="lookup").rows if row.position == erased)
    assert (row.officer, row.case, row.about) == (None, None, False)
    assert row.department == "hfc"


def test_a_destroyed_month_is_loaded_without_persons(world: "World") -> None:
    position = world.ask(ZHANG)
    with world.store.locked():
        world.store.connection.execute("UPDATE person_keys SET wrapped = NULL")
    fresh = world.another_index()
    fresh._persons = type(world.persons)(world.reading, world.master)
    while fresh.step():
        pass
    row = next(r for r in fresh._select(Filters(kind="lookup"), 10**9) if r.position == position)
    assert (row.officer, row.case, row.about, row.dataset) == (None, None, False, "resident")


def test_the_index_holds_no_identifier(world: "World") -> None:
    world.ask(ZHANG)
    search(world, subject=ZHANG)
    held = repr(world.index._open().execute("SELECT * FROM log").fetchall())
    assert "11010519491231002" not in held
    assert "hfc.wang" in held


def test_the_index_loads_nothing_and_writes_nothing(world: "World") -> None:
    search(world)
    log = world.index._open()
    for statement in (
        "SELECT * FROM read_csv('/etc/hosts')",
        "COPY log TO '/tmp/log.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "ATTACH '/tmp/other.db'",
    ):
        with pytest.raises(Exception, match=r"disabled|locked|Permission|Cannot"):
            log.execute(statement)
    assert log.execute("SELECT current_setting('temp_directory')").fetchall() == [("",)]


@pytest.mark.parametrize(
    "filters",
    [
        {"limit": 0},
        {"limit": 501},
        {"subject": ""},
        {"officer": "x" * 201},
        {"since": 2, "until": 2},
    ],
)
def test_filters_out_of_bounds_are_refused_and_leave_no_entry(
    world: "World", filters: dict[str, str | int]
) -> None:
    before = world.reading.execute("SELECT next FROM ledger_head").fetchone()
    with pytest.raises(Unprocessable):
        search(world, **filters)
    assert world.reading.execute("SELECT next FROM ledger_head").fetchone() == before


def test_what_comes_later_is_found_later(world: "World") -> None:
    assert positions(search(world, kind="lookup")) == []
    position = world.ask(ZHANG)
    assert positions(search(world, kind="lookup")) == [position]
