"""Control changes: table and entry together or not at all, and decisions that they overtake."""

from typing import TYPE_CHECKING

import pytest
from world.time import NOW, Time

from certs.canonical import canonical, parse
from certs.leaf import SALT_BYTES, part_digest, read_leaf
from hub.errors import Unavailable
from hub.ledger.attempt import Bounce, Entered
from hub.ledger.change import HUB, OPERATOR, Actor, Changes
from hub.storage.tables import DepartmentRow

if TYPE_CHECKING:
    from conftest import Book


ACTOR = Actor("console", account="admin", department=None)


@pytest.fixture
def changes(book: "Book") -> Changes:
    return Changes(book.store, book.persons)


def row(code: str) -> DepartmentRow:
    return DepartmentRow(code=code, title_zh="局", title_en="Bureau", status="active")


def head(book: "Book") -> tuple[object, ...]:
    return book.rows("SELECT next, epoch, last_time FROM ledger_head")[0]


def test_the_first_change_of_a_process_is_durable(book: "Book", changes: Changes) -> None:
    with changes.change(ACTOR) as change:
        change.session.add(row("psb"))
        assert change.append("department", {"code": "psb"}) == 0
    book.restart()
    assert book.rows("SELECT code FROM departments") == [("psb",)]
    assert head(book) == (1, 1, NOW)


def test_a_change_moves_the_epoch_once_and_holds_its_entries_together(
    book: "Book", changes: Changes
) -> None:
    with changes.change(ACTOR) as change:
        assert change.epoch == 1
        positions = [change.append("grant", {"id": str(n)}) for n in range(3)]
    assert positions == [0, 1, 2]
    assert head(book)[:2] == (3, 1)
    assert {book.control(n)["epoch"] for n in positions} == {1}


def test_what_no_decision_depends_on_leaves_the_epoch(book: "Book", changes: Changes) -> None:
    with changes.change(HUB, moves_epoch=False) as change:
        change.append("attempts", {"count": 1})
    assert head(book)[:2] == (1, 0)
    assert book.control(0)["moves_epoch"] is False


class SuddenError(Exception):
    """Something goes wrong in the middle."""


def test_an_error_inside_undoes_rows_entries_and_epoch(book: "Book", changes: Changes) -> None:
    with pytest.raises(SuddenError), changes.change(ACTOR) as change:  # noqa: PT012
        change.session.add(row("psb"))
        change.session.flush()
        change.append("department", {"code": "psb"})
        raise SuddenError
    assert head(book)[:2] == (0, 0)
    assert book.positions() == []
    assert book.rows("SELECT code FROM departments") == []
    with changes.change(ACTOR) as change:
        assert change.append("department", {"code": "psb"}) == 0


def test_a_change_that_cannot_be_made_durable_is_none(book: "Book", changes: Changes) -> None:
    for statement in (
        "CREATE TABLE nowhere (id INTEGER PRIMARY KEY)",
        "CREATE TABLE broken (id INTEGER REFERENCES nowhere DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER breaks AFTER INSERT ON entries BEGIN INSERT INTO broken VALUES (1); END",
    ):
        book.store.connection.execute(statement)
    with pytest.raises(Unavailable), changes.change(ACTOR) as change:  # noqa: PT012
        change.session.add(row("psb"))
        change.append("department", {"code": "psb"})
    assert head(book)[:2] == (0, 0)
    assert book.rows("SELECT code FROM departments") == []


def test_a_row_that_breaks_the_tables_rules_is_refused(book: "Book", changes: Changes) -> None:
    with changes.change(ACTOR) as change:
        change.session.add(row("psb"))
    with pytest.raises(Unavailable) as told, changes.change(ACTOR) as change:
        change.session.add(row("psb"))
    assert head(book)[:2] == (0, 1)
    assert told.value.facts == {"why": "database"}
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


def test_an_entry_binds_the_whole_state_and_hides_who_acted(book: "Book", changes: Changes) -> None:
    actor = Actor("connector", account="li.wei", connector="urn:x", department="psb")
    with changes.change(actor) as change:
        change.append(
            "mark", {"kind": "disputed"}, subject=("resident_id", "530"), case="C-1", reason="r"
        )
    ((leaf, control, salts, internal, blob, number),) = book.store.connection.execute(
        "SELECT leaf, control, salts, internal, person, person_key FROM entries"
    ).fetchall()
    read = read_leaf(leaf)
    assert (read.kind, read.time) == ("mark", NOW)
    assert parse(control, max_bytes=999, max_depth=3) == {
        "channel": "connector",
        "connector": "urn:x",
        "department": "psb",
        "epoch": 1,
        "moves_epoch": True,
        "state": {"kind": "disputed"},
    }
    assert part_digest("control", salts[:SALT_BYTES], control) == read.control
    assert part_digest("internal", salts[SALT_BYTES:], internal) == read.internal
    assert internal == canonical({"reason": "r"})
    salt, part = book.persons.open(blob, number, read.person)
    assert part_digest("person", salt, part) == read.person
    assert parse(part, max_bytes=999, max_depth=3) == {
        "case": "C-1",
        "officer": "li.wei",
        "subject": {"id": "530", "type": "resident_id"},
    }
    for shown in (leaf, control, internal, blob):
        assert b"li.wei" not in shown
        assert b"530" not in shown


def test_salts_are_never_used_twice(book: "Book", changes: Changes) -> None:
    with changes.change(OPERATOR) as change:
        for _ in range(20):
            change.append("operator", {"act": "same"})
    digests = [part for (leaf,) in book.rows("SELECT leaf FROM entries") for part in _parts(leaf)]
    assert len(set(digests)) == len(digests) == 60


def _parts(leaf: object) -> tuple[str, str, str]:
    assert isinstance(leaf, bytes)
    read = read_leaf(leaf)
    return read.control, read.person, read.internal


def test_a_decision_made_before_a_change_is_not_entered_after_it(
    book: "Book", changes: Changes
) -> None:
    decided = book.attempt(epoch=0)
    with changes.change(ACTOR) as change:
        change.append("grant", {"status": "revoked"})
    assert book.one(decided) is Bounce.STALE
    assert isinstance(book.one(decided._replace(epoch=1)), Entered)
    assert book.positions() == [0, 1]


def test_another_process_sees_the_change_at_once(book: "Book", changes: Changes) -> None:
    other = book.another()
    with changes.change(ACTOR) as change:
        change.append("grant", {})
    (result,) = other.commit([book.attempt(epoch=0)])
    assert result is Bounce.STALE


def test_changes_take_their_time_under_the_lock(book: "Book", changes: Changes) -> None:
    behind = Changes(book.another(Time(NOW - 4_000))._store, book.persons)
    times = []
    for who in (changes, behind):
        with who.change(ACTOR) as change:
            change.append("grant", {})
            times.append(change.time)
    assert times == [NOW, NOW]
