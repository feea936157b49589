"""A statement for the person concerned: whose entries, which are left out, and what is entered."""

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certs.encoding import rfc3339
from certs.errors import ProofInvalid
from hub.audit import statement as module
from hub.audit.entry import open_entry
from hub.audit.search import Filters
from hub.audit.statement import Asked, Statement, Statements, with_followers
from hub.audit.statement_file import Signed, write_file
from hub.audit.statement_lines import erased_months, lines_of
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor
from hub.ledger.proofs import Proofs

if TYPE_CHECKING:
    from conftest import World

AUDITOR = Actor("console", account="audit.zhao")
ZHANG, LI = "11010519491231002X", "440524188001010014"
SEARCHED = Filters(subject=ZHANG)
ASKED = Asked(ZHANG, "告知申请〔2026〕3号")


@pytest.fixture
def statements(world: "World") -> Statements:
    return Statements(world.index, world.changes, world.reading, world.persons)


def made(
    statements: Statements, asked: Asked = ASKED, *left_out: int, count_told: bool = False
) -> Statement:
    draft = asyncio.run(statements.draft(AUDITOR, asked))
    return asyncio.run(
        statements.make(AUDITOR, asked, draft.below, left_out, count_told=count_told)
    )


def positions(statement: Statement) -> list[int]:
    return [one.row.position for one in statement.entries]


def state_of(world: "World", position: int) -> dict[str, object]:
    (control,) = world.reading.execute(
        "SELECT control FROM entries WHERE position = ?", (position,)
    ).fetchone()
    state = json.loads(control)["state"]
    assert isinstance(state, dict)
    return state


def erase(world: "World", position: int) -> None:
    with world.store.locked():
        world.store.connection.execute(
            "UPDATE entries SET person = NULL WHERE position = ?", (position,)
        )


def test_all_entries_about_one_person_and_nobody_else_oldest_first(
    world: "World", statements: Statements
) -> None:
    first = world.ask(ZHANG)
    world.ask(LI)
    second = world.ask(" １１０１０５１９４９１２３１００２Ｘ ", officer="hfc.sun")
    refused = world.ask(ZHANG, department="tax", officer="tax.nobody")
    statement = made(statements)
    assert positions(statement) == [first, second, refused]
    assert not statement.more


def test_a_reading_by_an_auditor_is_told_too(world: "World", statements: Statements) -> None:
    position = world.ask(ZHANG)
    read = open_entry(world.changes, AUDITOR, world.reading, world.persons, position).read_entry
    first = made(statements)
    assert positions(first) == [position, read]
    # The draft's own search, and the statement itself, stand in the next one.
    assert positions(made(statements))[:2] == [position, read]
    assert first.entry in positions(made(statements))


def test_only_the_range_that_was_asked_for(world: "World", statements: Statements) -> None:
    asked = [world.ask(ZHANG) for _ in range(3)]
    times = {
        row.position: row.time
        for row in world.index.search(world.changes, AUDITOR, Filters(kind="lookup")).rows
    }
    ranged = replace(ASKED, since=times[asked[1]], until=times[asked[2]])
    assert positions(made(statements, ranged)) == [asked[1]]


def test_the_statement_is_an_entry_with_auditor_basis_and_count(
    world: "World", statements: Statements
) -> None:
    world.ask(ZHANG)
    world.ask(ZHANG)
    statement = made(statements)
    told = state_of(world, statement.entry)["statement"]
    assert isinstance(told, dict)
    assert (told["basis"], told["count"], told["omitted"]) == (ASKED.basis, 2, None)
    own = statements.opened(statement.entry)
    assert own.told["kind"] == "audit-read"
    assert own.told["time"] == rfc3339(statement.made)
    assert own.person == {
        "case": None,
        "officer": "audit.zhao",
        "subject": {"id": ZHANG, "type": "searched"},
    }
    assert ZHANG not in json.dumps(own.control)


def test_what_comes_after_the_draft_is_not_stated(world: "World", statements: Statements) -> None:
    seen = world.ask(ZHANG)
    draft = asyncio.run(statements.draft(AUDITOR, ASKED))
    world.ask(ZHANG)
    statement = asyncio.run(statements.make(AUDITOR, ASKED, draft.below))
    assert positions(statement) == [seen]


def test_others_are_let_in_while_entries_are_opened(
    world: "World", statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP", 2)
    for _ in range(6):
        world.ask(ZHANG)

    async def turns() -> int:
        drafting = asyncio.create_task(statements.draft(AUDITOR, ASKED))
        count = 0
        while not drafting.done():
            count += 1
            await asyncio.sleep(0)
        return count

    assert asyncio.run(turns()) >= 3


def test_the_newest_are_told_of_too_many(
    world: "World", statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    asked = [world.ask(ZHANG) for _ in range(3)]
    statement = made(statements)
    assert statement.more
    assert positions(statement) == asked[1:]
    assert asyncio.run(statements.reopen(statement.entry)).more


def test_what_is_left_out_is_entered_where_nobody_finds_it_by_the_person(
    world: "World", statements: Statements
) -> None:
    first, second = world.ask(ZHANG), world.ask(ZHANG)
    statement = made(statements, ASKED, second)
    assert positions(statement) == [first]
    assert statement.omitted is None
    assert state_of(world, statement.entry + 1) == {"of": statement.entry, "omitted": [[second, 1]]}
    told = state_of(world, statement.entry)["statement"]
    assert isinstance(told, dict)
    assert {name for name, value in told.items() if type(value) is int} == {"below", "count"}
    part = statements.opened(statement.entry + 1).person
    assert part == {"case": None, "officer": "audit.zhao", "subject": None}
    found = world.index.search(world.changes, AUDITOR, Filters(subject=ZHANG)).rows
    assert statement.entry + 1 not in {row.position for row in found}


def test_leaving_nothing_out_leaves_the_same_traces(world: "World", statements: Statements) -> None:
    world.ask(ZHANG)
    statement = made(statements)
    assert state_of(world, statement.entry + 1) == {"of": statement.entry, "omitted": []}


def test_how_many_are_left_out_is_told_if_the_auditor_says_so(
    world: "World", statements: Statements
) -> None:
    position = world.ask(ZHANG)
    assert made(statements, ASKED, position, count_told=True).omitted == 1
    assert made(statements, count_told=True).omitted == 0


def test_an_entry_that_tells_of_one_left_out_goes_with_it(
    world: "World", statements: Statements
) -> None:
    kept, hidden = world.ask(ZHANG), world.ask(ZHANG)
    opened = open_entry(world.changes, AUDITOR, world.reading, world.persons, hidden).read_entry
    statement = made(statements, ASKED, hidden)
    assert positions(statement) == [kept]
    assert opened not in positions(statement)
    entries = asyncio.run(statements.draft(AUDITOR, ASKED)).entries
    repeating = replace(
        entries[0],
        row=replace(entries[0].row, position=10**6),
        parts=replace(entries[0].parts, control={"repeats": hidden}),
    )
    assert with_followers([*entries, repeating], {hidden}) >= {hidden, opened, 10**6}


def test_attack_an_entry_of_somebody_else_is_left_out(
    world: "World", statements: Statements
) -> None:
    world.ask(ZHANG)
    other = world.ask(LI)
    draft = asyncio.run(statements.draft(AUDITOR, ASKED))
    before = world.reading.execute("SELECT next FROM ledger_head").fetchone()
    for chosen in (other, 10**9):
        with pytest.raises(Unprocessable):
            asyncio.run(statements.make(AUDITOR, ASKED, draft.below, [chosen]))
    with pytest.raises(Unprocessable):
        asyncio.run(statements.make(AUDITOR, ASKED, draft.below + 10**6))
    assert world.reading.execute("SELECT next FROM ledger_head").fetchone() == before


@pytest.mark.parametrize("asked", [Asked(ZHANG, ""), Asked(ZHANG, "x" * 201), Asked("", "x")])
def test_a_statement_needs_a_subject_and_a_basis(
    world: "World", statements: Statements, asked: Asked
) -> None:
    before = world.reading.execute("SELECT next FROM ledger_head").fetchone()
    with pytest.raises(Unprocessable):
        asyncio.run(statements.draft(AUDITOR, asked))
    with pytest.raises(Unprocessable):
        asyncio.run(statements.make(AUDITOR, asked, 0))
    assert world.reading.execute("SELECT next FROM ledger_head").fetchone() == before


def test_it_is_opened_again_as_it_was_made(world: "World", statements: Statements) -> None:
    hidden, _ = world.ask(ZHANG), world.ask(ZHANG)
    statement = made(statements, replace(ASKED, since=1), hidden)
    world.ask(ZHANG)
    assert asyncio.run(statements.reopen(statement.entry)) == statement


def test_another_entry_is_no_statement(world: "World", statements: Statements) -> None:
    position = world.ask(ZHANG)
    entry = made(statements).entry
    for other in (position, entry - 1, entry + 1, 10**9):
        with pytest.raises(NotFound):
            asyncio.run(statements.reopen(other))


def test_an_erased_entry_is_not_told_and_ends_what_told_it(
    world: "World", statements: Statements
) -> None:
    kept, erased = world.ask(ZHANG), world.ask(ZHANG)
    statement = made(statements)
    erase(world, erased)
    with pytest.raises(Conflict):
        asyncio.run(statements.reopen(statement.entry))
    assert positions(made(statements))[0] == kept
    assert erased not in positions(made(statements))
    erase(world, statement.entry)
    with pytest.raises(NotFound):
        asyncio.run(statements.reopen(statement.entry))


def test_the_draft_is_a_search_and_entered_as_one(world: "World", statements: Statements) -> None:
    draft = asyncio.run(statements.draft(AUDITOR, ASKED))
    assert state_of(world, draft.below)["by"] == ["subject"]
    again = [row.position for row in world.index.search(world.changes, AUDITOR, SEARCHED).rows]
    assert draft.below in again


def test_no_file_before_a_checkpoint_covers_the_statement(
    world: "World", statements: Statements
) -> None:
    world.ask(ZHANG)
    world.checkpointer.step()
    behind = Proofs(world.reading).checkpoint()
    statement = made(statements)
    own = statements.opened(statement.entry)
    for head in (None, behind):
        signed = Signed("demo.yifen", "demo.yifen/ledger/1", b"", [], head)
        with pytest.raises(Conflict):
            asyncio.run(write_file(world.reading, signed, statement, own))
    world.checkpointer.step()
    signed = replace(signed, head=Proofs(world.reading).checkpoint())
    file = json.loads(asyncio.run(write_file(world.reading, signed, statement, own)))
    assert file["statement"]["index"] == statement.entry
    assert file["made"] == rfc3339(statement.made)


def test_attack_an_entry_altered_in_the_database_goes_into_no_file(
    world: "World", statements: Statements
) -> None:
    position = world.ask(ZHANG)
    statement = made(statements)
    world.checkpointer.step()
    one = statement.entries[0]
    later = one.parts.leaf.replace(b'"time":"2026', b'"time":"2027')
    altered = replace(one, parts=replace(one.parts, leaf=later))
    assert later != one.parts.leaf
    assert one.row.position == position
    head = Proofs(world.reading).checkpoint()
    signed = Signed("demo.yifen", "demo.yifen/ledger/1", b"", [], head)
    own = statements.opened(statement.entry)
    changed = replace(statement, entries=(altered,))
    with pytest.raises(ProofInvalid):
        asyncio.run(write_file(world.reading, signed, changed, own))


def test_a_line_tells_grant_version_and_items_at_most(
    world: "World", statements: Statements
) -> None:
    world.ask(ZHANG)
    world.ask(ZHANG, department="tax", officer="tax.nobody")
    entries = made(statements).entries
    asked, outsider = lines_of(world.index, world.reading, entries)
    assert (asked.row.department, asked.case, asked.grant_version) == ("hfc", "GJJ-1", 1)
    assert asked.items == ()  # the town has no records: nothing was given
    assert (outsider.row.outcome, outsider.items, outsider.grant_version) == ("refused", (), None)
    given = replace(entries[0], row=replace(entries[0].row, outcome="answered"))
    [line] = lines_of(world.index, world.reading, [given])
    assert line.items == ("name",)
    assert line.whose is None


def test_erased_months_are_told(world: "World") -> None:
    assert erased_months(world.reading) == ()
    with world.store.locked():
        for position, done in ((1, 7), (2, None)):
            world.store.connection.execute(
                "INSERT INTO erasures VALUES (?, 'default', ?, 1, 1, ?)",
                (position, f"2026-0{position}", done),
            )
    assert erased_months(world.reading) == ("2026-01",)
