"""Attacks on the pages of people, departments and purposes."""

from typing import TYPE_CHECKING

import pytest
from world.admitting import ACTS, FIRST, enrolled, invited

from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password

if TYPE_CHECKING:
    from conftest import Visit


def posted(visited: "Visit", path: str, **changes: object) -> tuple[int, str]:
    """An act with the session's own form secret; status and where it leads, or the page."""
    page = visited.post(path, {"form": visited.token(), **ACTS.get(path, {}), **changes})
    return page.status, page.goes_to or page.text


@pytest.mark.parametrize("who", ["audit.zhao", "psb.ma", "psb.zhou", "hfc.wang"])
def test_attack_an_act_by_whoever_may_only_look_or_not_even_that(
    visited: "Visit", who: str
) -> None:
    invited(visited.house.hub)
    visited.sign_in(who)
    before = visited.entries()
    for path in ACTS:
        assert posted(visited, path)[0] == 403, path
    assert visited.entries() == before


def test_whoever_may_only_look_is_offered_no_act(visited: "Visit") -> None:
    enrolled(visited.house.hub)
    paths = ("people", "people/psb.zhou", "departments", "departments/psb", "purposes")
    for path in (*paths, "purposes/housing_fund_withdrawal"):
        visited.sign_in("audit.zhao")
        looked = visited.get(f"/{path}").text
        # Signing out is the one form that is sent.
        assert looked.count('method="post"') == 1, path
        visited.sign_in("admin")
        assert visited.get(f"/{path}").text.count('method="post"') > 1, path


def test_attack_a_forged_secret_or_another_site(visited: "Visit") -> None:
    invited(visited.house.hub)
    visited.sign_in("psb.ma")
    foreign = visited.token()
    visited.sign_in("admin")
    own, before = visited.token(), visited.entries()
    for path, given in ACTS.items():
        for token in ("", "A" * 43, foreign):
            page = visited.post(path, {"form": token, **given})
            assert (page.status, "form-stale" in page.text) == (403, True), path
        fields = {"form": own, **given}
        for site in ("cross-site", "same-site", "none"):
            assert visited.post(path, fields, sec_fetch_site=site).status == 403, path
        evil = {"sec_fetch_site": "", "origin": "https://evil.example"}
        assert visited.post(path, fields, **evil).status == 403, path
    assert visited.entries() == before


def test_attack_an_administrator_changes_the_own_account(visited: "Visit") -> None:
    visited.sign_in("admin")
    page = visited.get("/people/admin").text
    assert 'action="/people/admin/sessions"' in page
    for act in ("roles", "status", "password"):
        assert f'action="/people/admin/{act}"' not in page
    before = visited.entries()
    for act, fields in (
        ("roles", {"role": ["auditor"]}),
        ("roles", {"role": ["administrator", "auditor"]}),
        ("status", {"status": "suspended"}),
        ("password", {"password": FIRST, "again": FIRST}),
    ):
        status, text = posted(visited, f"/people/admin/{act}", **fields)
        assert (status, "不能更改自己的账号" in text) == (409, True), act
    assert visited.entries() == before


def test_attack_an_auditor_is_made_administrator_too(visited: "Visit") -> None:
    visited.sign_in("admin")
    before = visited.entries()
    fields = {"role": ["administrator", "auditor"]}
    assert posted(visited, "/people/audit.zhao/roles", **fields)[0] == 422
    assert visited.entries() == before


def test_attack_the_last_administrator_is_taken_away_through_the_page(visited: "Visit") -> None:
    """By another, who was one when the request came in: closed, with a session issued before."""
    hub = visited.house.hub
    hashed = hash_password(FIRST, "nobody")
    accounts.enrol(hub.changes, OPERATOR, "other", "另一人", None, ["administrator"], hashed)
    visited.sign_in("admin")
    own = visited.token()
    assert visited.post("/people/other/roles", {"form": own, "role": ["auditor"]}).status == 303
    assert visited.post("/people/admin/roles", {"form": own, "role": ["auditor"]}).status == 409
    assert accounts.any_active(hub.reading, "administrator")
    visited.sign_in("other", FIRST)
    assert posted(visited, "/people/admin/status", status="suspended")[0] == 403


def test_attack_another_departments_connector_through_ones_path(visited: "Visit") -> None:
    keyid = enrolled(visited.house.hub, "psb")
    invited(visited.house.hub, "hfc")
    visited.sign_in("admin")
    before = visited.entries()
    assert posted(visited, "/departments/tax/connectors/gateway/status")[0] in {404, 422}
    path = "/departments/hfc/connectors/gateway/revoke"
    assert posted(visited, path, keyid=keyid)[0] == 404
    assert visited.entries() == before
    assert keyid in visited.get("/departments/psb").text


def test_attack_markup_in_what_is_admitted(visited: "Visit") -> None:
    evil = "<img src=x onerror=alert(1)>"
    visited.sign_in("admin")
    posted(visited, "/people", name=evil)
    posted(visited, "/departments", title_zh=evil)
    posted(visited, "/purposes", legal_basis=evil, title_zh=evil)
    for path in (
        "/people",
        "/people/hfc.lin",
        "/departments",
        "/departments/edu",
        "/purposes",
        "/purposes/school_entry",
    ):
        page = visited.get(path).text
        assert "<img" not in page, path
        assert "&lt;img" in page, path
    status, page = posted(visited, "/people", account=evil, name=evil)
    assert (status, "<img" in page) == (422, False)
