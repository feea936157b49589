"""The console's pages over HTTP: who may see what, forged forms, headers, languages, markup."""

import json
import re
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import iter_route_contexts
from starlette.requests import Request

from catalog.messages import catalogue
from hub.errors import Forbidden, NotSignedIn, SessionEnded
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.web.session import COOKIE, person_of

if TYPE_CHECKING:
    from conftest import Visit

ZHANG = "11010519491231002X"
PAGES = {
    "/": {"hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/ask": {"hfc.wang"},
    "/ask/resident/lookup": {"hfc.wang"},
    "/ask/resident/verify": {"hfc.wang"},
    "/dossier": {"hfc.wang"},
    "/cases": {"hfc.wang", "psb.zhou", "psb.ma", "audit.zhao"},
    "/cases/new": {"hfc.wang"},
    "/materials": {"hfc.wang"},
    "/materials/new": {"hfc.wang"},
    "/licences": {"hfc.wang", "psb.zhou"},
    "/licences/issued": {"psb.zhou"},
    "/reuse": {"psb.ma", "admin", "audit.zhao"},
    "/reuse.csv": {"psb.ma", "admin", "audit.zhao"},
    "/grants": {"hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/grants/ended": {"admin", "audit.zhao"},
    "/grants/matrix": {"psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/grants/matrix.xlsx": {"psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/stops": {"psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/applications": {"psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/applications/new": {"psb.zhou"},
    "/applications/new?dataset=real_estate": {"psb.zhou"},
    "/objections": {"hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/objections/new/resident": {"hfc.wang"},
    "/calendar": {"hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/delegations": {"hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/delegations/new": {"psb.zhou"},
    "/grants/new": {"admin"},
    "/catalogue": {"hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/catalogue/resident": {"hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/entries": {"psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/entries/new": {"psb.zhou"},
    "/entries/resident": {"psb.zhou", "psb.ma", "admin", "audit.zhao"},
    "/entries/resident/draft": {"psb.zhou"},
    "/people": {"admin", "audit.zhao"},
    "/people/psb.zhou": {"admin", "audit.zhao"},
    "/departments": {"admin", "audit.zhao"},
    "/departments/psb": {"admin", "audit.zhao"},
    "/purposes": {"admin", "audit.zhao"},
    "/purposes/housing_fund_withdrawal": {"admin", "audit.zhao"},
    "/retention": {"admin", "audit.zhao"},
    "/publications": {"psb.zhou"},
    "/publications/P-5f0c1a2b3c4d": {"psb.zhou"},
    "/log": {"audit.zhao"},
}


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_signing_in(visited: "Visit", path: str) -> None:
    page = visited.get(path)
    assert page.status == 303
    assert page.goes_to.startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("account", ["hfc.wang", "psb.zhou", "psb.ma", "admin", "audit.zhao"])
def test_each_role_sees_its_own_pages(visited: "Visit", account: str) -> None:
    assert visited.sign_in(account).goes_to == "/"
    seen = {path for path in PAGES if visited.get(path).status == 200}
    assert seen == {path for path, who in PAGES.items() if account in who}
    home = visited.get("/").text
    for path in ("/ask", "/grants", "/applications", "/entries", "/publications", "/log"):
        assert (f'href="{path}"' in home) == (account in PAGES[path])


def test_every_page_carries_the_strict_headers(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    token = visited.token()
    pages = [
        visited.get("/"),
        visited.get("/log"),
        visited.get("/sign-in"),
        visited.get("/grants/G-none"),
        visited.get("/?lang=en"),
        visited.post("/ask/resident/lookup", {"form": token}),
        visited.get("/static/console.css"),
    ]
    assert [page.status for page in pages] == [200, 403, 200, 404, 303, 422, 200]
    for page in pages:
        headers = page.response.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "style-src 'self'" in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
    assert all(page.response.headers["cache-control"] == "no-store" for page in pages[:-1])


def test_pages_have_no_inline_style_script_or_foreign_address(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    pages = [visited.get(path).text for path in ("/", "/ask", "/ask/resident/verify", "/grants")]
    pages.append(visited.ask().text)
    for text in pages:
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", text)
        assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", text)


def test_the_session_cookie_is_bound_to_host_and_site(visited: "Visit") -> None:
    cookie = visited.sign_in("hfc.wang").response.headers["set-cookie"]
    assert cookie.startswith("__Host-yifen=")
    for attribute in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


def test_the_address_after_signing_in_is_one_of_ours(visited: "Visit") -> None:
    for wanted in ("//evil.example", "https://evil.example", "/\\evil", "/sign-out", "/a?b=c"):
        data: dict[str, object] = {
            "account": "hfc.wang",
            "password": "seven small lanterns",
            "next": wanted,
        }
        assert visited.post("/sign-in", data).goes_to == "/"


def test_a_wrong_password_is_told_without_saying_which(visited: "Visit") -> None:
    known, unknown = visited.sign_in("hfc.wang", "wrong"), visited.sign_in("ghost", "wrong")
    assert known.status == unknown.status == 401
    assert known.text.replace("hfc.wang", "") == unknown.text.replace("ghost", "")


def test_failed_sign_ins_are_summed_into_the_log_without_the_account(visited: "Visit") -> None:
    hub = visited.house.hub
    for account in ("hfc.wang", "hfc.wang", "ghost"):
        visited.sign_in(account, "wrong")
    assert hub.attempts.enter(hub.changes) == 1
    control = hub.reading.execute(
        "SELECT control FROM entries ORDER BY position DESC LIMIT 1"
    ).fetchone()[0]
    state = json.loads(control)["state"]
    assert state == {"connector": None, "count": 3, "reason": "wrong-password"}


def request(method: str, *, bearer: str = "", cookie: str = "", site: str = "") -> Request:
    headers = {
        "authorization": bearer and f"Bearer {bearer}",
        "cookie": cookie and f"{COOKIE}={cookie}",
        "sec-fetch-site": site,
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    return Request({"type": "http", "method": method, "path": "/", "headers": raw})


def test_a_program_brings_a_bearer_token_and_a_browser_its_cookie(visited: "Visit") -> None:
    hub = visited.house.hub
    token = hub.sessions.issue("admin").token
    assert person_of(request("POST", bearer=token), hub).account == "admin"
    assert person_of(request("GET", cookie=token), hub).account == "admin"
    assert person_of(request("POST", cookie=token, site="same-origin"), hub).account == "admin"
    for foreign in ("cross-site", ""):
        with pytest.raises(Forbidden):
            person_of(request("POST", cookie=token, site=foreign), hub)
    with pytest.raises(NotSignedIn):
        person_of(request("GET"), hub)
    with pytest.raises(SessionEnded):
        person_of(request("GET", bearer="forged"), hub)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "", "origin": "https://evil.example"},
        {"sec_fetch_site": "", "origin": "null"},
        {"sec_fetch_site": "", "origin": ""},
    ],
)
def test_attack_a_form_sent_from_another_site(visited: "Visit", headers: dict[str, str]) -> None:
    visited.sign_in("admin")
    grant = visited.house.grant
    fields: dict[str, object] = {"form": visited.token(), "version": grant.version}
    before = visited.entries()
    assert visited.post(f"/grants/{grant.id}/revoke", fields, **headers).status == 403
    assert visited.post("/sign-out", fields, **headers).status == 403
    signing_in: dict[str, object] = {"account": "admin", "password": "seven small lanterns"}
    assert visited.post("/sign-in", signing_in, **headers).status == 403
    assert visited.entries() == before


@pytest.mark.parametrize("token", ["", "A" * 43, "口令"])
def test_attack_a_form_without_its_sessions_secret(visited: "Visit", token: str) -> None:
    visited.sign_in("admin")
    grant = visited.house.grant
    before = visited.entries()
    for path in (
        f"/grants/{grant.id}/revoke",
        f"/grants/{grant.id}/change",
        "/grants/new",
        "/sign-out",
    ):
        page = visited.post(path, {"form": token, "version": grant.version, "step": "confirm"})
        assert page.status == 403, path
        assert "form-stale" in page.text
    assert visited.entries() == before


def test_attack_a_form_secret_of_another_session(visited: "Visit") -> None:
    visited.sign_in("psb.zhou")
    foreign = visited.token()
    visited.sign_in("admin")
    grant = visited.house.grant
    page = visited.post(f"/grants/{grant.id}/revoke", {"form": foreign, "version": 1})
    assert page.status == 403


def test_every_post_of_the_console_asks_for_the_forms_secret(visited: "Visit") -> None:
    from hub.catalogue.shelf import Shelf  # noqa: PLC0415 as below
    from hub.web.pages import pages  # noqa: PLC0415 the router under test

    hub = visited.house.hub
    posts = {
        str(context.path)
        for context in iter_route_contexts(pages(hub, Shelf(hub.reading, hub.book)))
        if "POST" in (context.methods or ())
    }
    assert posts >= {"/ask/{dataset}/{operation}", "/log", "/log/entry", "/sign-out"}
    steward, head = "psb.zhou", "psb.ma"
    whose = {
        "/applications/new": steward,
        **{
            f"/applications/{{application}}/{act}": steward
            for act in ("edit", "withdraw", "dispute", "return", "reply", "extension", "delivery")
        },
        **{
            f"/applications/{{application}}/{act}": head
            for act in ("sign", "sign-reply", "settlement")
        },
        "/ask/{dataset}/{operation}": "hfc.wang",
        "/dossier": "hfc.wang",
        **{
            f"/{name}": "hfc.wang"
            for name in (
                "cases/{case}/scan",
                "cases/{case}/scan/bring",
                "materials",
                "materials/new",
                "materials/view",
                "materials/file",
                "licences",
                "licences/file",
                "licences/view",
                "licences/view/file",
            )
        },
        "/licences/issue/{code}": steward,
        "/licences/issued/{licence}/paper": steward,
        "/licences/issued/{licence}/credential": steward,
        "/licences/issued/{licence}/credential/file": steward,
        "/licences/issued/{licence}/{act}": steward,
        **{
            f"/cases/{act}": "hfc.wang"
            for act in (
                "new",
                "{case}/content",
                "{case}/notice",
                "{case}/supplement",
                "{case}/review",
                "{case}/materials",
                "{case}/commitments",
                "{case}/outcome",
                "{case}/conclude",
                "{case}/withdraw",
            )
        },
        "/log": "audit.zhao",
        "/log/entry": "audit.zhao",
        "/log/statement": "audit.zhao",
        "/log/statement/file": "audit.zhao",
        "/log/statement/paper": "audit.zhao",
        "/publications/{publication}/{act}": "psb.zhou",
        **{
            f"/grants/{{grant_id}}/{act}": steward
            for act in ("disposal", "disposition/report", "usage")
        },
        **{
            f"/entries/{act}": steward
            for act in (
                "new",
                "{code}/draft",
                "{code}/assessments",
                "{code}/change",
                "{code}/extension",
                "{code}/discard",
            )
        },
        "/entries/{code}/approve": head,
        "/objections/new/{dataset}": "hfc.wang",
        "/objections/{objection}/withdraw": "hfc.wang",
        "/objections/{objection}/content": steward,
        "/objections/{objection}/answer": steward,
        "/delegations/new": steward,
        "/delegations/{delegation}/edit": steward,
        **{f"/delegations/{{delegation}}/{act}": head for act in ("accept", "revoke", "sign")},
        **{
            f"/grants/{{grant_id}}/{act}": head
            for act in ("disposal/sign", "disposition/request", "disposition/sign")
        },
    }
    signed_in = ""
    for path in sorted(posts - {"/sign-in"}, key=lambda path: (whose.get(path, "admin"), path)):
        who = whose.get(path, "admin")
        if who != signed_in:
            visited.sign_in(who)
            signed_in = who
        filled = (
            path.replace("{dataset}", "resident")
            .replace("{operation}", "lookup")
            .replace("{publication}", "P-5f0c1a2b3c4d")
            .replace("{grant_id}", visited.house.grant.id)
            .replace("{act}", "suspend")
        )
        page = visited.post(filled, {"form": "forged"})
        assert page.status == 403, path
        assert "form-stale" in page.text, path


def test_a_get_changes_nothing_and_enters_nothing(visited: "Visit") -> None:
    for account in ("hfc.wang", "psb.zhou", "admin", "audit.zhao"):
        visited.sign_in(account)
        before = visited.entries()
        for path in (*PAGES, f"/grants/{visited.house.grant.id}/revoke", "/sign-out", "/log/entry"):
            visited.get(path)
        assert visited.entries() == before


def test_attack_markup_in_what_people_write(visited: "Visit") -> None:
    hub = visited.house.hub
    evil = "<img src=x onerror=alert(1)>"
    hashed = hash_password("seven small lanterns", "nobody")
    accounts.enrol(hub.changes, OPERATOR, "hfc.evil", evil, "hfc", ["officer"], hashed)
    visited.sign_in("hfc.evil")
    for page in (visited.get("/"), visited.ask(case=evil), visited.ask(subject=evil, case=evil)):
        assert "<img" not in page.text
        assert "&lt;img" in page.text


def test_both_languages_and_the_choice_is_kept(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    assert '<html lang="zh-CN">' in visited.get("/").text
    chosen = visited.get("/grants?lang=en")
    assert (chosen.status, chosen.goes_to) == (303, "/grants")
    page = visited.get("/grants")
    assert '<html lang="en">' in page.text
    assert "Housing Fund Centre" in page.text
    assert visited.get("/log").text.count("Not allowed") == 2
    assert visited.get("/?lang=xx").status == 200


def test_signing_out_ends_the_session_itself(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    cookie = visited.client.cookies["__Host-yifen"]
    out = visited.post("/sign-out", {"form": visited.token()})
    assert out.goes_to == "/sign-in"
    visited.client.cookies.set("__Host-yifen", cookie)
    assert visited.get("/").status == 303


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"form=a&form=b", "application/x-www-form-urlencoded"),
        (b"form=%FF%FE", "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(2001)), "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"", "multipart/form-data; boundary=x"),
        (b"a" * 200_000, "application/x-www-form-urlencoded"),
    ],
)
def test_bad_bodies_are_refused_and_never_a_500(
    visited: "Visit", body: bytes, content_type: str
) -> None:
    visited.sign_in("hfc.wang")
    headers = {"sec-fetch-site": "same-origin", "content-type": content_type}
    for path in ("/ask/resident/lookup", "/sign-out", "/sign-in"):
        response = visited.client.post(path, content=body, headers=headers)
        assert 400 <= response.status_code < 500, path


def test_every_text_that_templates_name_is_in_the_catalogue() -> None:
    from importlib.resources import files  # noqa: PLC0415 used here alone

    named = set()
    for template in files("hub.web").joinpath("templates").iterdir():
        source = template.read_text(encoding="utf-8")
        named |= set(re.findall(r"(?<![a-z])t\('([a-z][a-z0-9.-]+[a-z0-9])'[,)]", source))
    assert len(named) > 100
    assert named <= set(catalogue())
