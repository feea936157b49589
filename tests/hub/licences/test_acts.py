"""What is done to a licence is effective with its entry, on every worker, for whoever may."""

import pytest
from world.everyone import Everyone
from world.licensing import COMPANY, ITEMS, Licensing
from world.town import ADMINISTRATOR, PURPOSE

from catalog.licences.status import Act
from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from hub.access import departments, grants

ROADS = [
    (("suspend",), "02"),
    (("suspend", "resume"), "01"),
    (("withdraw",), "03"),
    (("revoke",), "07"),
    (("revoke", "reinstate"), "01"),
    (("cancel",), "04"),
    (("transfer",), "06"),
]


@pytest.mark.parametrize(("acts", "status"), ROADS, ids=["-".join(acts) for acts, _ in ROADS])
def test_each_act_is_told_by_the_next_question(
    licensed: Licensing, acts: tuple[str, ...], status: str
) -> None:
    done = licensed.issued()
    for number, act in enumerate(acts, 2):
        answer = licensed.act(done["licence"], act, case="B-2")
        assert answer.status == 200, answer.body
        assert answer.document["version"] == number
    assert licensed.status() == [status]
    assert licensed.status(str(done["identifier"]), "licence_id") == [status]
    kind, control, person, _ = licensed.world.entry(int(str(answer.document["entry"])))
    assert kind == "licence"
    assert isinstance(control, dict)
    assert isinstance(control["state"], dict)
    assert control["state"]["status"] == status
    assert isinstance(person, dict)
    assert person["case"] == "B-2"
    assert licensed.world.findings().faults == ()


def test_a_revocation_is_effective_at_once_on_every_worker(licensed: Licensing) -> None:
    workers = [licensed.world, licensed.world.again()]
    try:
        done = licensed.issued()
        for worker in workers:
            licensed.world = worker
            assert licensed.status() == ["01"]
        licensed.world = workers[0]
        assert licensed.act(done["licence"], "suspend").status == 200
        for worker in reversed(workers):
            licensed.world = worker
            assert licensed.status() == ["02"]
        licensed.world = workers[1]
        assert licensed.act(done["licence"], "revoke").status == 200
        for worker in workers:
            licensed.world = worker
            assert licensed.status() == ["07"]
    finally:
        licensed.world = workers[0]
        workers[1].hub.close()


def test_what_the_state_does_not_allow_changes_nothing(licensed: Licensing) -> None:
    licence = licensed.issued()["licence"]
    entries = licensed.world.entries()
    assert (licensed.act(licence, "resume").status, licensed.act(licence, "reinstate").code) == (
        409,
        "licence-transition-refused",
    )
    assert licensed.act(licence, "other").code == "licence-explanation-missing"
    assert licensed.act(licence, "expire").status == 422
    assert licensed.act(licence, "burn").status == 422
    assert licensed.act(licence, "suspend", version=2).document["facts"] == {
        "why": "licence-version"
    }
    assert licensed.world.entries() == entries


def test_an_explanation_is_told_with_the_status_and_sealed(licensed: Licensing) -> None:
    licence = licensed.issued()["licence"]
    note = "持证人申请暂停，待核实张三丰的身份"
    assert licensed.act(licence, "other", note=note).status == 200
    _, control, _, _ = licensed.world.entry()
    assert "张三丰" not in canonical(control).decode()
    answer = licensed.lookup()
    assert (answer.items["status"], answer.items["status_note"]) == ("99", note)
    assert licensed.act(licence, "resume").status == 200
    assert "status_note" not in licensed.lookup().items


@pytest.mark.parametrize("act", [act.value for act in Act if act is not Act.EXPIRE])
def test_attack_another_departments_connector_revokes(licensed: Licensing, act: str) -> None:
    licence = licensed.issued()["licence"]
    entries = licensed.world.entries()
    for by in ("nrb", "psb"):
        answer = licensed.act(licence, act, by=by, note="x")
        assert (answer.status, answer.code) == (404, "not-found")
        assert licensed.act(licence, "credential", by=by).status in {404, 422}
        assert licensed.act(licence, "paper", by=by).status in {404, 422}
        assert licensed.signed(f"/v1/licences/{licence}", by=by, method="GET").status == 404
    assert licensed.world.entries() == entries
    assert licensed.status() == ["01"]


def test_a_suspended_department_issues_and_revokes_nothing(licensed: Licensing) -> None:
    licence = licensed.issued()["licence"]
    departments.set_status(licensed.world.hub.changes, ADMINISTRATOR, "mrb", "suspended")
    assert licensed.act(licence, "suspend").status == 401
    assert licensed.issue(metadata={"number": "2"}).status == 401


def test_how_a_licence_stands_is_shown_to_its_department_without_what_is_on_it(
    licensed: Licensing,
) -> None:
    licence = licensed.issued(credential={})["licence"]
    shown = licensed.signed(f"/v1/licences/{licence}", method="GET")
    assert shown.document == {
        "acts": ["suspend", "withdraw", "cancel", "transfer", "revoke", "other"],
        "credentials": 1,
        "issued": rfc3339(licensed.world.time()),
        "licence": licence,
        "papers": 0,
        "replaced_by": None,
        "replaces": None,
        "status": "01",
        "type": "business_licence",
        "valid_until": "2036-08-31",
        "version": 1,
    }


def test_a_steward_of_the_department_may_and_no_other_role(licensed: Licensing) -> None:
    everyone = Everyone.of(licensed.world)
    path = f"/v1/licences/{licensed.issued()['licence']}"
    for who, expected in (
        ("psb.steward", 404),
        ("mrb.officer", 403),
        ("administrator", 403),
        ("auditor", 403),
        ("mrb.steward", 200),
    ):
        answer = everyone.call(who, "POST", f"{path}/suspend", b"{}")
        assert answer.status == expected, (who, answer.body)
    assert licensed.status() == ["02"]


def test_without_a_grant_a_licence_is_nobodys_to_see(licensed: Licensing) -> None:
    licensed.issued()
    hub = licensed.world.hub
    grants.set_status(hub.changes, ADMINISTRATOR, licensed.grant.id, "suspended")
    assert licensed.lookup().code == "not-granted"
    about: Json = {"id": COMPANY, "type": "uscc"}
    stranger = licensed.world.gateway("psb").lookup(
        dataset="licence_business_licence", subject=about, items=[*ITEMS], purpose=PURPOSE
    )
    assert licensed.world.call(stranger).code == "not-granted"
