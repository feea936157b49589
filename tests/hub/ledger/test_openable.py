"""Entries of changes are opened to the departments that they name, and to nobody else."""

import re
from importlib import import_module

import pytest
from world.asking import Answer, Members
from world.town import ADMINISTRATOR, HUB, World, covering

from certs.canonical import Json, canonical
from certs.encoding import digest
from certs.leaf import check_part, read_leaf
from hub.access import connectors, grants
from hub.ledger.change import OPERATOR
from hub.ledger.openable import EVERYONE, PAGE, opened_to

PATH = "/v1/ledger/opened"


def ask(world: World, department: str, query: str = "") -> Answer:
    return world.call(world.gateway(department).sign("GET", PATH + query))


def entries(world: World, department: str, query: str = "") -> list[Members]:
    """What a department has opened; each must be the leaf at its position."""
    answer = ask(world, department, query)
    assert answer.status == 200, answer.body
    found = answer.document["entries"]
    assert isinstance(found, list)
    opened: list[Members] = []
    for entry in found:
        assert isinstance(entry, dict)
        assert set(entry) == {"index", "leaf", "control", "control_salt"}
        leaf = canonical(entry["leaf"])
        ((stored,),) = world.hub.reading.execute(
            "SELECT leaf FROM entries WHERE position = ?", (entry["index"],)
        ).fetchall()
        assert leaf == stored
        check_part("control", read_leaf(leaf), str(entry["control_salt"]), entry["control"])
        opened.append(entry)
    return opened


def told(world: World, department: str) -> list[tuple[str, Members]]:
    """Kind and state of what a department has opened."""
    found = []
    for entry in entries(world, department):
        control, leaf = entry["control"], entry["leaf"]
        assert isinstance(control, dict)
        assert isinstance(leaf, dict)
        state = control["state"]
        assert isinstance(state, dict)
        found.append((str(leaf["kind"]), state))
    return found


def urn(department: str) -> str:
    return f"urn:yifen:connector:{HUB}:{department}:gateway"


def test_a_department_sees_its_certificates_connectors_and_grants(world: World) -> None:
    found = told(world, "nrb")
    kinds = [kind for kind, _ in found]
    assert {"certificate", "connector", "grant", "key"} == set(kinds)
    assert [state["connector"] for kind, state in found if kind == "certificate"] == [urn("nrb")]
    assert {state["urn"] for kind, state in found if kind == "connector"} == {urn("nrb")}
    (grant,) = [state for kind, state in found if kind == "grant"]
    assert (grant["id"], grant["department"]) == (world.grant.id, "nrb")


def test_a_provider_sees_the_grants_of_its_data(world: World) -> None:
    (grant,) = [state for kind, state in told(world, "psb") if kind == "grant"]
    assert (grant["dataset"], grant["department"]) == ("resident", "nrb")


def test_nobody_else_sees_them(world: World) -> None:
    found = told(world, "mrb")
    assert not [state for kind, state in found if kind == "grant"]
    assert {state["connector"] for kind, state in found if kind == "certificate"} == {urn("mrb")}


def test_the_hubs_keys_are_opened_to_everyone(world: World) -> None:
    keys = [
        [state for kind, state in told(world, code) if kind == "key"] for code in ("nrb", "mrb")
    ]
    assert keys[0] == keys[1]
    assert {"receipt", "checkpoint"} <= {str(state["use"]) for state in keys[0]}


def test_changes_of_people_questions_and_all_else_are_opened_to_nobody(world: World) -> None:
    world.ask(world.nrb.lookup())
    with world.hub.changes.change(OPERATOR) as change:
        change.append("operator", {"act": "init"})
    world.hub.checkpointer.step()
    kinds = {kind for code in ("nrb", "psb", "mrb") for kind, _ in told(world, code)}
    assert kinds == {"certificate", "connector", "grant", "key"}


def test_an_objection_is_opened_to_its_sides_and_a_notice_to_whom_it_is_for() -> None:
    provider = {"resident": "psb"}.get
    sides: dict[str, Json] = {"department": "nrb", "provider": "psb", "dataset": "resident"}
    assert opened_to("objection", sides, provider) == {"nrb", "psb"}
    assert opened_to("notice", sides, provider) == {"nrb"}
    assert opened_to("objection-refused", sides, provider) == frozenset()


def test_who_acted_and_why_stay_closed(world: World) -> None:
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "suspended")
    world.hub.checkpointer.step()
    body = ask(world, "nrb").body
    assert b"admin" not in body
    assert not re.search(rb"person_salt|internal_salt|reason", body)


def test_every_later_change_of_a_grant_is_opened_too(world: World) -> None:
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "suspended")
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "revoked")
    other = covering(world.time(), department="mrb", dataset="resident")
    grants.issue(world.hub.changes, ADMINISTRATOR, other)
    world.hub.checkpointer.step()
    for code, count in (("nrb", 3), ("psb", 4), ("mrb", 1)):
        states = [state for kind, state in told(world, code) if kind == "grant"]
        assert len(states) == count


def test_a_certificate_names_its_key(world: World) -> None:
    """So that a connector knows its own key in a certificate that never reached it."""
    (state,) = [state for kind, state in told(world, "nrb") if kind == "certificate"]
    assert state["key"] == digest(world.nrb.key.public.der)
    assert state["keyid"] == world.nrb.keyid


def test_only_what_a_checkpoint_proves_is_opened(world: World) -> None:
    before = len(entries(world, "nrb"))
    connectors.set_status(world.hub.changes, ADMINISTRATOR, urn("psb"), "suspended")
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "suspended")
    assert len(entries(world, "nrb")) == before
    world.hub.checkpointer.step()
    assert len(entries(world, "nrb")) == before + 1


def test_they_come_in_order_and_in_pages(world: World) -> None:
    every = entries(world, "nrb")
    indexes = [int(str(entry["index"])) for entry in every]
    assert indexes == sorted(set(indexes))
    found: list[Json] = []
    after = -1
    while page := entries(world, "nrb", f"?after={after}&limit=2"):
        assert len(page) <= 2
        found += page
        after = int(str(page[-1]["index"]))
    assert found == every
    assert entries(world, "nrb", f"?after={indexes[-1] - 1}") == every[-1:]


def test_who_is_not_a_connector_sees_nothing(world: World) -> None:
    assert world.http("GET", PATH).code == "signature-missing"
    connectors.set_status(world.hub.changes, ADMINISTRATOR, urn("nrb"), "suspended")
    assert ask(world, "nrb").status == 401


@pytest.mark.parametrize(
    "query", ["?after=x", "?after=-2", f"?limit={PAGE + 1}", "?limit=0", "?after=1e3"]
)
def test_a_query_that_is_no_number_is_refused(world: World, query: str) -> None:
    assert ask(world, "nrb", query).status == 422


@pytest.mark.parametrize(
    ("kind", "state", "to"),
    [
        ("operator", {"act": "restore"}, {EVERYONE}),
        ("operator", {"act": "init"}, set()),
        ("certificate", {"connector": "x"}, set()),
        ("certificate", {"connector": None}, set()),
        ("grant", {"department": "nrb", "dataset": "gone"}, {"nrb"}),
        ("grant", {"department": "", "dataset": "gone"}, set()),
        ("lookup", {"department": "nrb"}, set()),
    ],
)
def test_who_is_named(kind: str, state: dict[str, Json], to: set[str]) -> None:
    assert opened_to(kind, state, lambda _: None) == to


def test_what_was_entered_before_this_release_is_opened_too(world: World) -> None:
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "suspended")
    _, keyid = world.town.keys["mrb"]
    connectors.revoke_certificate(world.hub.changes, ADMINISTRATOR, keyid)
    connection = world.hub.store.connection
    query = "SELECT department, position FROM openable ORDER BY position, department"
    entered = connection.execute(query).fetchall()
    assert len(entered) > 12
    connection.execute("DELETE FROM openable")
    migration = import_module("hub.storage.migrations.versions.0002_outside")
    (backfill,) = [one for one in migration._STATEMENTS if "INSERT INTO openable" in one]
    connection.execute(backfill)
    assert connection.execute(query).fetchall() == entered
