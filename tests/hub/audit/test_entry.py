"""An entry opened: its parts fit its leaf, the leaf stands in the tree, the opening is seen."""

import json
from typing import TYPE_CHECKING

import pytest

from certs.encoding import unb64u
from certs.errors import LeafMismatch, ProofInvalid
from certs.leaf import check_part, read_leaf
from certs.tree import leaf_hash, verify_inclusion
from hub.audit.entry import OpenedEntry, open_entry
from hub.errors import NotFound
from hub.ledger.change import Actor

if TYPE_CHECKING:
    from conftest import World

AUDITOR = Actor("console", account="audit.zhao")
ZHANG = "11010519491231002X"


def opened(world: "World", position: int) -> OpenedEntry:
    return open_entry(world.changes, AUDITOR, world.reading, world.persons, position)


def test_the_parts_are_those_that_the_leaf_binds(world: "World") -> None:
    entry = opened(world, world.ask(ZHANG))
    leaf = read_leaf(entry.leaf_text.encode())
    check_part("control", leaf, entry.control_salt, entry.control)
    check_part("internal", leaf, entry.internal_salt, entry.internal)
    assert entry.person is not None
    assert entry.person_salt is not None
    check_part("person", leaf, entry.person_salt, entry.person)
    assert entry.person["subject"] == {"id": ZHANG, "type": "resident_id"}
    with pytest.raises(LeafMismatch):
        check_part("person", leaf, entry.person_salt, {**entry.person, "officer": "hfc.sun"})


def test_the_proof_leads_to_the_newest_checkpoint(world: "World") -> None:
    position = world.ask(ZHANG)
    assert opened(world, position).inclusion is None
    world.checkpointer.step()
    entry = opened(world, position)
    assert entry.inclusion is not None
    hashed = leaf_hash(entry.leaf_text.encode())
    assert unb64u(entry.leaf_hash) == hashed
    proof = entry.inclusion
    verify_inclusion(hashed, position, proof.size, proof.path, proof.root)
    assert f"\n{proof.size}\n" in proof.note


def test_the_opening_is_an_entry_about_the_same_subject(world: "World") -> None:
    position = world.ask(ZHANG)
    entry = opened(world, position)
    again = opened(world, entry.read_entry)
    assert again.leaf["kind"] == "audit-read"
    assert again.control["state"] == {"opened": position}
    assert again.person == {
        "case": None,
        "officer": "audit.zhao",
        "subject": {"id": ZHANG, "type": "resident_id"},
    }


def test_an_erased_part_stays_closed_and_the_rest_can_be_proven(world: "World") -> None:
    position = world.ask(ZHANG)
    with world.store.locked():
        world.store.connection.execute(
            "UPDATE entries SET person = NULL WHERE position = ?", (position,)
        )
    world.checkpointer.step()
    entry = opened(world, position)
    assert (entry.person, entry.person_salt) == (None, None)
    check_part("control", read_leaf(entry.leaf_text.encode()), entry.control_salt, entry.control)
    assert entry.inclusion is not None


def test_attack_an_entry_altered_in_the_database_proves_nothing(world: "World") -> None:
    position = world.ask(ZHANG)
    world.checkpointer.step()
    leaf = json.loads(
        world.reading.execute(
            "SELECT leaf FROM entries WHERE position = ?", (position,)
        ).fetchone()[0]
    )
    altered = json.dumps({**leaf, "time": "2026-01-01T00:00:00.000Z"}).encode()
    with world.store.locked():
        world.store.connection.execute(
            "UPDATE entries SET leaf = ? WHERE position = ?", (altered, position)
        )
    with pytest.raises(ProofInvalid):
        opened(world, position)


def test_an_entry_that_is_not_there_is_not_found_and_not_recorded(world: "World") -> None:
    before = world.reading.execute("SELECT next FROM ledger_head").fetchone()
    for position in (10**6, -1):
        with pytest.raises(NotFound):
            opened(world, position)
    assert world.reading.execute("SELECT next FROM ledger_head").fetchone() == before
