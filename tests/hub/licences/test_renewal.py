"""Renewal 换证: in one act the old licence ends and the new one begins; each names the other."""

import pytest
from world.asking import Members
from world.licensing import Licensing, asked
from world.town import World

from catalog.licences.status import Act
from hub.errors import Conflict
from hub.ledger.change import Actor
from hub.licences.issuing import Asked
from hub.licences.office import MAX_NOTE

MRB = Actor("connector", department="mrb")


def faults(world: World) -> set[str]:
    return {fault.why for fault in world.findings().faults}


def renewed(licensed: Licensing, old: Members, **changed: object) -> Members:
    answer = licensed.issue(replaces=old["licence"], **changed)  # type: ignore[arg-type]
    assert answer.status == 201, answer.body
    return answer.document


def shown(licensed: Licensing, one: Members) -> Members:
    return licensed.signed(f"/v1/licences/{one['licence']}", method="GET").document


def statuses(licensed: Licensing) -> dict[str, tuple[str, str]]:
    """What a lookup by the holder tells now, by identifier."""
    answer = licensed.lookup()
    assert answer.status == 200, answer.body
    results = answer.document["results"]
    assert isinstance(results, list)
    assert isinstance(results[0], dict)
    records = results[0]["records"]
    assert isinstance(records, list)
    found: dict[str, tuple[str, str]] = {}
    for record in records:
        assert isinstance(record, dict)
        items = record["items"]
        assert isinstance(items, dict)
        note = str(items.get("status_note", ""))
        found[str(items["licence_id"])] = (str(items["status"]), note)
    return found


def test_the_old_one_ends_as_the_new_one_begins_and_each_names_the_other(
    licensed: Licensing,
) -> None:
    old = licensed.issued(credential={})
    before = licensed.world.entries()
    new = renewed(licensed, old)
    assert new["identifier"] != old["identifier"]
    told = statuses(licensed)
    assert told[str(new["identifier"])] == ("01", "")
    status, note = told[str(old["identifier"])]
    assert status == "04"
    assert str(new["identifier"]) in note
    assert len(note) <= MAX_NOTE
    assert shown(licensed, old)["replaced_by"] == new["licence"]
    assert shown(licensed, new)["replaces"] == old["licence"]
    kinds = [licensed.world.entry(place)[:2] for place in range(before, int(str(new["entry"])) + 1)]
    states = [control["state"] for kind, control in kinds if kind == "licence"]  # type: ignore[index,call-overload]
    chain = [(one["id"], one.get("replaces"), one.get("replaced_by")) for one in states]  # type: ignore[index,union-attr,call-overload]
    assert chain == [
        (old["licence"], None, new["licence"]),
        (new["licence"], old["licence"], None),
    ]
    assert faults(licensed.world) == set()


def test_the_credential_of_the_old_one_ends_in_the_list(licensed: Licensing) -> None:
    old = licensed.issued(credential={})
    row = licensed.world.hub.reading.execute(
        "SELECT l.number, l.version FROM licence_credentials c JOIN status_lists l"
        " ON c.list = l.number"
    ).fetchone()
    renewed(licensed, old)
    after = licensed.world.hub.reading.execute(
        "SELECT version FROM status_lists WHERE number = ?", (row[0],)
    ).fetchone()
    assert after[0] == row[1] + 1
    kinds = [licensed.world.entry(-place)[0] for place in (1, 2, 3)]
    assert "status-list" in kinds


@pytest.mark.parametrize("act", [Act.SUSPEND, Act.WITHDRAW, Act.REVOKE, Act.CANCEL, Act.TRANSFER])
def test_what_is_suspended_or_revoked_is_not_renewed(licensed: Licensing, act: Act) -> None:
    old = licensed.issued()
    assert licensed.act(old["licence"], act.value).status == 200
    before = licensed.world.entries()
    answer = licensed.issue(replaces=old["licence"], metadata={"number": "renewed"})
    assert (answer.status, answer.document["facts"]) == (409, {"why": "licence-not-renewable"})
    assert licensed.world.entries() == before


def test_nobody_else_s_licence_and_no_other_holder_s(licensed: Licensing) -> None:
    old = licensed.issued()
    office = licensed.world.hub.office
    other = asked(metadata={"holder_id": "11530400015020004B", "number": "n"})
    order = Asked.model_validate({**other, "replaces": old["licence"]})
    with pytest.raises(Conflict) as refused:
        office.issue(MRB, order)
    assert refused.value.facts == {"why": "licence-other"}
    answer = licensed.issue(replaces="l-" + "0" * 32, metadata={"number": "n"})
    assert answer.status == 404
    assert [one for one, _ in statuses(licensed).values()] == ["01"]


def test_it_is_renewed_once_and_the_same_order_again_gives_the_same(licensed: Licensing) -> None:
    old = licensed.issued()
    order = asked()
    first = licensed.signed("/v1/licences", {**order, "replaces": old["licence"]})
    again = licensed.signed("/v1/licences", {**order, "replaces": old["licence"]})
    assert (first.status, again.status) == (201, 200)
    assert first.document["licence"] == again.document["licence"]
    changed = licensed.signed("/v1/licences", order)
    assert changed.document["facts"] == {"why": "token-used"}
    twice = licensed.issue(replaces=old["licence"], metadata={"number": "n"})
    assert twice.document["facts"] == {"why": "licence-not-renewable"}


def test_a_chain_that_was_cut_in_the_table_is_found(licensed: Licensing) -> None:
    renewed(licensed, licensed.issued())
    assert faults(licensed.world) == set()
    licensed.world.hub.store.connection.execute("UPDATE licences SET replaced_by = NULL")
    assert faults(licensed.world) == {"table-licence"}
