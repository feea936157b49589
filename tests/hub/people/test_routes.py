"""The routes of accounts: an administrator's, and one's own."""

import json
from typing import cast

import pytest
from world.town import PASSWORD, World

from certs.canonical import Json, canonical

OWN = "eight small lanterns"
INITIAL = "nine paper lanterns"


def call(
    world: World, method: str, path: str, body: Json = None, token: str = "", **headers: str
) -> tuple[int, dict[str, object]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        given["authorization"] = f"Bearer {token}"
    answer = world.http(method, path, given, b"" if body is None else canonical(body))
    told = json.loads(answer.body) if answer.body else {}
    return answer.status, cast("dict[str, object]", told)


def sign_in(world: World, account: str, password: str = PASSWORD) -> dict[str, object]:
    status, told = call(world, "POST", "/v1/session", {"account": account, "password": password})
    assert status == 201, told
    return told


@pytest.fixture
def admin(world: World) -> str:
    return str(sign_in(world, "admin")["token"])


def test_the_first_administrator_works_at_once(world: World, admin: str) -> None:
    status, told = call(world, "GET", "/v1/people", token=admin)
    assert status == 200
    people = cast("list[dict[str, object]]", told["people"])
    assert people[0] == {
        "account": "admin",
        "department": None,
        "must_change": False,
        "name": "管理员",
        "roles": ["administrator"],
        "status": "active",
    }
    assert len(people) == 8
    assert "argon2" not in str(told)


def test_an_initial_password_opens_nothing_but_its_own_change(world: World) -> None:
    session = sign_in(world, "nrb.officer")
    token = str(session["token"])
    assert session["must_change"] is True
    assert call(world, "GET", "/v1/session", token=token)[1]["must_change"] is True
    for method, path in (
        ("GET", "/v1/departments"),
        ("GET", "/v1/datasets"),
        ("GET", "/v1/purposes"),
        ("GET", "/v1/people"),
        ("GET", "/v1/all-grants"),
        ("POST", "/v1/publications/x/release"),
    ):
        status, told = call(world, method, path, token=token)
        assert (status, told["code"]) == (403, "password-initial"), path


def test_a_changed_password_opens_the_rest_and_ends_the_other_sessions(world: World) -> None:
    token, other = (str(sign_in(world, "nrb.officer")["token"]) for _ in range(2))
    body: Json = {"old": PASSWORD, "new": OWN}
    status, told = call(world, "PUT", "/v1/session/password", body, token)
    assert (status, told["must_change"]) == (200, False)
    assert call(world, "GET", "/v1/departments", token=str(told["token"]))[0] == 200
    for ended in (token, other):
        assert call(world, "GET", "/v1/session", token=ended)[0] == 401
    assert sign_in(world, "nrb.officer", OWN)["must_change"] is False
    assert world.findings().faults == ()


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("not the old one", OWN, 401),
        (PASSWORD, PASSWORD, 422),
        (PASSWORD, "short", 422),
        (PASSWORD, "x" * 129, 422),
    ],
)
def test_a_password_is_changed_by_the_old_one_to_a_good_one(
    world: World, old: str, new: str, status: int
) -> None:
    token = str(sign_in(world, "nrb.officer")["token"])
    body: Json = {"old": old, "new": new}
    assert call(world, "PUT", "/v1/session/password", body, token)[0] == status
    assert call(world, "GET", "/v1/session", token=token)[1]["must_change"] is True


def test_attack_guessing_the_old_password_with_a_stolen_session(world: World, admin: str) -> None:
    body: Json = {"old": "guess", "new": OWN}
    for _ in range(5):
        assert call(world, "PUT", "/v1/session/password", body, admin)[0] == 401
    _, told = call(world, "PUT", "/v1/session/password", body, admin)
    assert told["code"] == "sign-in-throttled"


def test_a_person_is_suspended_and_comes_back(world: World, admin: str) -> None:
    token = str(sign_in(world, "nrb.officer")["token"])
    path = "/v1/people/nrb.officer/status"
    assert call(world, "PUT", path, {"status": "suspended"}, admin)[0] == 200
    assert call(world, "GET", "/v1/session", token=token)[0] == 401
    assert call(world, "PUT", path, {"status": "active"}, admin)[0] == 200
    sign_in(world, "nrb.officer")
    assert call(world, "PUT", path, {"status": "gone"}, admin)[0] == 422


def test_roles_are_given_by_others_only(world: World, admin: str) -> None:
    path = "/v1/people/{}/roles"
    changed = call(world, "PUT", path.format("nrb.officer"), {"roles": ["steward"]}, admin)
    assert changed[0] == 200
    assert sign_in(world, "nrb.officer")["roles"] == ["steward"]
    own = call(world, "PUT", path.format("admin"), {"roles": ["auditor"]}, admin)
    assert own[0] == 409
    assert call(world, "PUT", path.format("ghost"), {"roles": ["auditor"]}, admin)[0] == 404


def test_a_new_initial_password_ends_sessions_and_must_be_changed(world: World, admin: str) -> None:
    token = str(sign_in(world, "audit")["token"])
    path = "/v1/people/audit/password"
    assert call(world, "POST", path, {"password": INITIAL}, admin)[0] == 200
    assert call(world, "GET", "/v1/session", token=token)[0] == 401
    assert sign_in(world, "audit", INITIAL)["must_change"] is True
    own = call(world, "POST", "/v1/people/admin/password", {"password": INITIAL}, admin)
    assert own[0] == 409
    assert world.findings().faults == ()


def test_an_administrator_ends_somebodys_sessions(world: World, admin: str) -> None:
    token = str(sign_in(world, "audit")["token"])
    assert call(world, "DELETE", "/v1/people/audit/sessions", token=admin)[0] == 200
    assert call(world, "GET", "/v1/session", token=token)[0] == 401


def test_nobody_else_manages_people(world: World) -> None:
    token = str(sign_in(world, "nrb.officer")["token"])
    told = call(world, "PUT", "/v1/session/password", {"old": PASSWORD, "new": OWN}, token)[1]
    token = str(told["token"])
    for method, path, body in (
        ("GET", "/v1/people", None),
        ("PUT", "/v1/people/audit/status", {"status": "suspended"}),
        ("PUT", "/v1/people/audit/roles", {"roles": ["auditor"]}),
        ("POST", "/v1/people/audit/password", {"password": INITIAL}),
        ("DELETE", "/v1/people/audit/sessions", None),
    ):
        status, answer = call(world, method, path, cast("Json", body), token)
        assert (status, answer["code"]) == (403, "forbidden"), path


@pytest.mark.parametrize("scheme", ["Basic YTpi", "bearer x", "Negotiate"])
def test_attack_a_foreign_page_with_another_authorization_header(
    world: World, admin: str, scheme: str
) -> None:
    headers = {
        "authorization": scheme,
        "cookie": f"__Host-yifen={admin}",
        "sec_fetch_site": "cross-site",
    }
    path = "/v1/people/audit/sessions"
    status, told = call(world, "DELETE", path, **headers)
    assert (status, told["code"]) == (403, "forbidden")
    headers["sec_fetch_site"] = "same-origin"
    assert call(world, "DELETE", path, **headers)[0] == 200
