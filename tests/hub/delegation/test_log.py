"""Auditors find what was asked under a delegation, and see both departments."""

import asyncio

from world.delegating import LENDER, WINDOW, lent, revoked
from world.stating import made
from world.town import SUBJECTS, World

from hub.audit.search import Filters
from hub.audit.statement import Asked
from hub.audit.statement_lines import lines_of
from hub.ledger.change import Actor
from hub.ledger.proofs import Proofs
from hub.usage.derived import derive

AUDITOR = Actor("console", account="audit")


def test_a_search_by_delegation_finds_its_acts_and_its_questions(world: World) -> None:
    found = lent(world)
    world.ask(world.nrb.lookup())
    world.ask(world.gateway(WINDOW).lookup(delegation=found.id))
    revoked(world.hub.changes, found)
    hub = world.hub
    page = hub.audit.search(hub.changes, AUDITOR, Filters(delegation=found.id))
    assert [(row.kind, row.department, row.outcome) for row in page.rows] == [
        ("delegation", LENDER, "revoked"),
        ("lookup", WINDOW, "answered"),
        ("delegation", LENDER, "active"),
        ("delegation", LENDER, "signed"),
        ("delegation", LENDER, "draft"),
    ]
    assert {row.delegation for row in page.rows} == {found.id}
    by_window = hub.audit.search(hub.changes, AUDITOR, Filters(department=WINDOW, kind="lookup"))
    (row,) = by_window.rows
    assert (row.grant, row.delegation) == (world.grant.id, found.id)


def test_the_record_of_use_of_a_grant_tells_what_windows_asked(world: World) -> None:
    found = lent(world)
    hub = world.hub
    world.ask(world.nrb.lookup())
    for _ in range(2):
        world.ask(world.gateway(WINDOW).lookup(delegation=found.id))
    hub.checkpointer.step()
    proofs = Proofs(hub.reading)
    record = asyncio.run(derive(hub.audit, proofs, hub.origin, world.grant.id))
    told = {row.delegation: row.counts.questions for row in record.rows}
    assert told == {None: 1, found.id: 2}


def test_a_statement_tells_whose_grant_a_window_used(world: World) -> None:
    found = lent(world)
    world.ask(world.nrb.lookup())
    world.ask(world.gateway(WINDOW).lookup(delegation=found.id))
    hub = world.hub
    entries = made(hub, Asked(SUBJECTS[0], "告〔2026〕1号")).statement.entries
    own, window = lines_of(hub.audit, hub.reading, entries)
    assert (own.row.department, own.whose) == (LENDER, None)
    assert (window.row.department, window.whose) == (WINDOW, LENDER)
    assert window.row.delegation == found.id
    assert set(window.items) == set(world.grant.items)
    assert window.basis == world.grant.basis
