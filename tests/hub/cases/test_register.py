"""Services and rules through the API: by whom, in which version, and what is refused and why."""

import json

import pytest
from world.asking import Answer
from world.casework import RULES_TOML, SERVICE, SERVICE_TOML, Casework
from world.everyone import Everyone
from world.town import ADMINISTRATOR, World

from catalog.services.reading import bundled, load
from catalog.services.writing import to_toml
from hub.cases import register
from hub.cases.listing import listed


@pytest.fixture
def everyone(world: World) -> Everyone:
    return Everyone.of(world)


def put(everyone: Everyone, who: str, definition: str, code: str = SERVICE) -> Answer:
    body = json.dumps({"definition": definition}).encode()
    return everyone.call(who, "PUT", f"/v1/services/{code}", body)


def put_rules(everyone: Everyone, definition: str) -> Answer:
    body = json.dumps({"definition": definition}).encode()
    return everyone.call("administrator", "PUT", "/v1/rule-sets/local", body)


def test_a_steward_registers_the_own_departments_services_only(everyone: Everyone) -> None:
    assert put(everyone, "mrb.steward", SERVICE_TOML).status == 403
    assert put(everyone, "nrb.officer", SERVICE_TOML).status == 403
    assert put(everyone, "nrb.steward", SERVICE_TOML).status == 201
    entries = everyone.world.entries()
    kind, control, _, _ = everyone.world.entry()
    assert (kind, isinstance(control, dict) and control["moves_epoch"]) == ("service", True)
    # Nor may another one take the code over, or end it.
    taken = SERVICE_TOML.replace('"nrb"', '"mrb"').replace("version = 1", "version = 2", 1)
    assert put(everyone, "mrb.steward", taken).status == 403
    ended = everyone.call(
        "mrb.steward", "PUT", f"/v1/services/{SERVICE}/status", b'{"status":"ended"}'
    )
    assert ended.status == 404
    assert everyone.world.entries() == entries


def test_a_version_is_newer_than_the_one_before(everyone: Everyone) -> None:
    assert put(everyone, "administrator", SERVICE_TOML).status == 201
    again = put(everyone, "administrator", SERVICE_TOML)
    assert (again.status, again.document["facts"]) == (409, {"why": "version"})
    later = SERVICE_TOML.replace("version = 1", "version = 3", 1)
    assert put(everyone, "administrator", later).status == 201
    path = f"/v1/services/{SERVICE}"
    told = everyone.call("mrb.officer", "GET", path + "?version=1", b"").document
    assert told["definition"] == SERVICE_TOML
    listed = everyone.call("mrb.officer", "GET", "/v1/services", b"").document["services"]
    assert isinstance(listed, list)
    assert [one["version"] for one in listed if isinstance(one, dict)] == [3]
    assert everyone.world.findings().faults == ()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("房屋照片", "其他材料", "catch-all"),
        ("《商品房屋租赁管理办法》第十五条", "无", "basis-missing"),
        ('department = "nrb"', 'department = "nobody"', None),
        ('item = "birth_date"', 'item = "no_such"', "item-missing"),
    ],
)
def test_a_service_is_refused_with_the_reason(
    everyone: Everyone, old: str, new: str, why: str | None
) -> None:
    before = everyone.world.entries()
    answer = put(everyone, "administrator", SERVICE_TOML.replace(old, new))
    assert answer.status == (404 if why is None else 422)
    if why is not None:
        facts = answer.document["facts"]
        assert isinstance(facts, dict)
        assert facts["why"] == why
    assert everyone.world.entries() == before


def test_a_list_is_registered_as_a_whole_or_not_at_all(everyone: Everyone) -> None:
    bad = SERVICE_TOML.replace(SERVICE, "another").replace("房屋照片", "其他材料")
    body = json.dumps({"definitions": [SERVICE_TOML, bad]}).encode()
    assert everyone.call("administrator", "POST", "/v1/services", body).status == 422
    twice = json.dumps({"definitions": [SERVICE_TOML, SERVICE_TOML]}).encode()
    assert everyone.call("administrator", "POST", "/v1/services", twice).status == 409
    listed = everyone.call("administrator", "GET", "/v1/services", b"").document
    assert listed == {"services": []}


def test_rules_must_fit_what_stands_and_services_the_rules(everyone: Everyone) -> None:
    assert put_rules(everyone, RULES_TOML.replace('"resident"', '"no_such"')).status == 422
    assert put(everyone, "administrator", SERVICE_TOML).status == 201
    named = RULES_TOML.replace(
        'code = "lease"\nversion = 1\ntype = "material_lease"',
        f'code = "lease"\nversion = 1\nservice = "{SERVICE}"\nmaterial = "lease"',
    )
    assert put_rules(everyone, named).status == 201
    without = SERVICE_TOML.replace("version = 1", "version = 2", 1).replace(
        'code = "lease"\n', 'code = "contract"\n'
    )
    assert put(everyone, "administrator", without).code == "rules-refused"
    path = f"/v1/services/{SERVICE}/status"
    ended = everyone.call("administrator", "PUT", path, b'{"status":"ended"}')
    assert ended.document["facts"] == {"why": "rules-name-it"}
    rules = everyone.call(
        "administrator", "PUT", "/v1/rule-sets/local/status", b'{"status":"ended"}'
    )
    assert rules.status == 200
    assert everyone.call("administrator", "PUT", path, b'{"status":"ended"}').status == 200
    assert everyone.world.findings().faults == ()


def test_states_are_for_the_own_department_and_auditors(desk: Casework) -> None:
    opened = desk.open()
    everyone = Everyone.of(desk.world)
    path = f"/v1/cases/{opened['case']}"
    for who in ("nrb.officer", "nrb.steward", "nrb.head", "auditor"):
        told = everyone.call(who, "GET", path, b"").document
        assert told["case"] == opened["case"]
        assert "notice" not in told
        assert "张三丰" not in str(told)
    for who, status in (("mrb.head", 404), ("psb.officer", 404), ("administrator", 403)):
        assert everyone.call(who, "GET", path, b"").status == status
    theirs = everyone.call("mrb.officer", "GET", "/v1/cases", b"").document
    assert theirs == {"cases": [], "more": None}


def test_a_connector_sees_the_states_of_its_departments_cases(desk: Casework) -> None:
    names = [str(desk.open()["case"]) for _ in range(2)]
    world = desk.world

    def ask(department: str, path: str) -> Answer:
        return world.call(world.gateway(department).sign("GET", path))

    whole = ask("nrb", "/v1/cases").document
    told = whole["cases"]
    assert isinstance(told, list)
    assert [one["case"] for one in told if isinstance(one, dict)] == names[::-1]
    assert whole["more"] is None
    assert "张三丰" not in str(whole)
    older = ask("nrb", f"/v1/cases?status=open&before={names[1]}").document["cases"]
    assert isinstance(older, list)
    assert [one["case"] for one in older if isinstance(one, dict)] == names[:1]
    assert ask("nrb", f"/v1/cases/{names[0]}").document["status"] == "open"
    # To another department they are as absent as none.
    assert ask("mrb", "/v1/cases").document == {"cases": [], "more": None}
    assert ask("mrb", f"/v1/cases/{names[0]}").status == 404


def test_a_list_has_an_end_and_says_where_it_goes_on(desk: Casework) -> None:
    names = [str(desk.open()["case"]) for _ in range(3)]
    reading = desk.world.hub.reading
    first = listed(reading, "nrb", most=2)
    assert ([one.id for one in first.cases], first.more) == (names[:0:-1], names[1])
    last = listed(reading, "nrb", most=2, before=first.more)
    assert ([one.id for one in last.cases], last.more) == (names[:1], None)


def test_every_service_that_comes_with_the_product_reads_back_from_its_toml() -> None:
    assert bundled()
    for service in bundled().values():
        assert load(to_toml(service)) == service


def test_a_text_in_a_list_cannot_break_out_of_the_toml() -> None:
    service = next(iter(bundled().values()))
    evil = service.model_copy(update={"notes": 'x"\nversion = 9\n[[materials]]\u0001\\'})
    assert load(to_toml(evil)) == evil


def test_rules_are_made_ready_once_however_often_the_epoch_moves(desk: Casework) -> None:
    shelf = desk.world.hub.cases.shelf
    before = shelf.current()
    desk.file()
    after = shelf.current()
    assert after.epoch > before.epoch
    assert after.rules is before.rules
    later = RULES_TOML.replace("version = 1", "version = 2", 1)
    register.put_rules(desk.world.hub.changes, ADMINISTRATOR, later.encode())
    assert shelf.current().rules is not before.rules
