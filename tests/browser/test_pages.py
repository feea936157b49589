"""The console's pages over HTTP: who may see what, forged forms, headers, languages, markup."""

import json
import re
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import iter_route_contexts
from starlette.requests import Request

from catalog.messages import catalogue
from certs.encoding import sha256, unb64u
from certs.receipts import key_thumbprint, verify_receipt
from hub.errors import Forbidden, NotSignedIn, SessionEnded
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.web.session import COOKIE, person_of

if TYPE_CHECKING:
    from conftest import Page, Visit

ZHANG = "11010519491231002X"
PAGES = {
    "/": {"hfc.wang", "psb.zhou", "admin", "audit.zhao"},
    "/ask": {"hfc.wang"},
    "/ask/resident/lookup": {"hfc.wang"},
    "/ask/resident/verify": {"hfc.wang"},
    "/grants": {"hfc.wang", "psb.zhou", "admin", "audit.zhao"},
    "/grants/new": {"admin"},
    "/publications": {"psb.zhou"},
    "/publications/P-5f0c1a2b3c4d": {"psb.zhou"},
    "/log": {"audit.zhao"},
}


def ask(visited: "Visit", **changes: object) -> "Page":
    form = visited.get("/ask/resident/lookup")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "subject": ZHANG,
        "purpose": "housing_fund_withdrawal",
        "case": "GJJ-1",
        "item": ["name", "sex"],
    }
    return visited.post("/ask/resident/lookup", fields | changes)


def entries(visited: "Visit") -> int:
    row = visited.house.hub.reading.execute("SELECT next FROM ledger_head").fetchone()
    return int(row[0])


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_signing_in(visited: "Visit", path: str) -> None:
    page = visited.get(path)
    assert page.status == 303
    assert page.goes_to.startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("account", ["hfc.wang", "psb.zhou", "admin", "audit.zhao"])
def test_each_role_sees_its_own_pages(visited: "Visit", account: str) -> None:
    assert visited.sign_in(account).goes_to == "/"
    seen = {path for path in PAGES if visited.get(path).status == 200}
    assert seen == {path for path, who in PAGES.items() if account in who}
    home = visited.get("/").text
    for path in ("/ask", "/grants", "/publications", "/log"):
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
    pages.append(ask(visited).text)
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
    before = entries(visited)
    assert visited.post(f"/grants/{grant.id}/revoke", fields, **headers).status == 403
    assert visited.post("/sign-out", fields, **headers).status == 403
    signing_in: dict[str, object] = {"account": "admin", "password": "seven small lanterns"}
    assert visited.post("/sign-in", signing_in, **headers).status == 403
    assert entries(visited) == before


@pytest.mark.parametrize("token", ["", "A" * 43, "口令"])
def test_attack_a_form_without_its_sessions_secret(visited: "Visit", token: str) -> None:
    visited.sign_in("admin")
    grant = visited.house.grant
    before = entries(visited)
    for path in (
        f"/grants/{grant.id}/revoke",
        f"/grants/{grant.id}/change",
        "/grants/new",
        "/sign-out",
    ):
        page = visited.post(path, {"form": token, "version": grant.version, "step": "confirm"})
        assert page.status == 403, path
        assert "form-stale" in page.text
    assert entries(visited) == before


def test_attack_a_form_secret_of_another_session(visited: "Visit") -> None:
    visited.sign_in("psb.zhou")
    foreign = visited.token()
    visited.sign_in("admin")
    grant = visited.house.grant
    page = visited.post(f"/grants/{grant.id}/revoke", {"form": foreign, "version": 1})
    assert page.status == 403


def test_every_post_of_the_console_asks_for_the_forms_secret(visited: "Visit") -> None:
    from hub.web.pages import pages  # noqa: PLC0415 the router under test

    posts = {
        str(context.path)
        for context in iter_route_contexts(pages(visited.house.hub).routes)
        if "POST" in (context.methods or ())
    }
    assert posts >= {"/ask/{dataset}/{operation}", "/log", "/log/entry", "/sign-out"}
    whose = {
        "/ask/{dataset}/{operation}": "hfc.wang",
        "/log": "audit.zhao",
        "/log/entry": "audit.zhao",
        "/publications/{publication}/{act}": "psb.zhou",
    }
    for path in posts - {"/sign-in"}:
        visited.sign_in(whose.get(path, "admin"))
        filled = (
            path.replace("{dataset}", "resident")
            .replace("{operation}", "lookup")
            .replace("{publication}", "P-5f0c1a2b3c4d")
            .replace("{grant_id}", visited.house.grant.id)
            .replace("{act}", "suspend")
        )
        assert visited.post(filled, {"form": "forged"}).status == 403, path


def test_a_get_changes_nothing_and_enters_nothing(visited: "Visit") -> None:
    for account in ("hfc.wang", "psb.zhou", "admin", "audit.zhao"):
        visited.sign_in(account)
        before = entries(visited)
        for path in (*PAGES, f"/grants/{visited.house.grant.id}/revoke", "/sign-out", "/log/entry"):
            visited.get(path)
        assert entries(visited) == before


def test_an_answer_shows_titles_and_a_receipt_that_verifies(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    page = ask(visited, item=["resident_id", "name", "sex", "former_name"])
    assert page.status == 200
    for shown in ("张伟", "男", "1101************2X", "未登记", "hub-session", "较弱", "GJJ-1"):
        assert shown in page.text
    token = re.search(r">(eyJ[\w-]+\.[\w-]+\.[\w-]+)<", page.text)
    assert token is not None
    public = visited.house.hub.receipts._signer._signer.public
    receipt = verify_receipt(token[1], {key_thumbprint(public): public})
    assert receipt.status == 200
    assert f"<strong>{receipt.first}</strong>" in page.text
    sent = re.search(r'aria-labelledby="sent">(.*?)</pre>', page.text, re.DOTALL)
    assert sent is not None
    body = sent[1].replace("&#34;", '"').replace("&amp;", "&").encode()
    assert receipt.body is not None
    assert sha256(body) == unb64u(receipt.body)
    assert json.loads(body)["results"][0]["found"] is True


def test_a_form_sent_again_is_a_repeat_and_is_not_charged(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    form = visited.get("/ask/resident/lookup")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "subject": ZHANG,
        "purpose": "housing_fund_withdrawal",
        "case": "GJJ-1",
        "item": "name",
    }
    first = visited.post("/ask/resident/lookup", fields)
    again = visited.post("/ask/resident/lookup", fields)
    other = visited.post("/ask/resident/lookup", fields | {"item": "sex"})
    assert [page.status for page in (first, again, other)] == [200, 200, 200]
    assert "不另计额度" not in first.text
    assert "不另计额度" in again.text
    assert "不另计额度" not in other.text
    used = visited.house.hub.reading.execute("SELECT used FROM quotas").fetchall()
    assert used == [(2,)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"subject": "110105194912310021"}, "校验码不对"),
        ({"subject": ""}, "未填写"),
        ({"item": []}, "请至少选择一个信息项"),
        ({"item": "marital_status"}, "请至少选择一个信息项"),
        ({"purpose": "credit_supervision"}, "请选择用途"),
        ({"case": ""}, "请填写办件号"),
        ({"case": "x" * 129}, "格式不对"),
    ],
)
def test_a_slip_of_the_hand_is_no_question(
    visited: "Visit", changes: dict[str, object], told: str
) -> None:
    visited.sign_in("hfc.wang")
    before = entries(visited)
    page = ask(visited, **changes)
    assert page.status == 422
    assert told in page.text
    assert entries(visited) == before


def test_an_absent_subject_and_a_verification_are_answered(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    assert "没有这个主体的记录" in ask(visited, subject="53010219200508011X").text
    form = visited.get("/ask/resident/verify")
    fields: dict[str, object] = {
        "form": form.value("form"),
        "seed": form.value("seed"),
        "subject": ZHANG,
        "purpose": "tax_administration",
        "case": "1",
    }
    for claimed, verdict in (("张伟", "一致"), ("张三", "不一致")):
        page = visited.post("/ask/resident/verify", fields | {"claim.name": claimed})
        assert f'<p class="verdict">{verdict}</p>' in page.text
    assert visited.post("/ask/resident/verify", fields).status == 422


def test_a_revoked_grant_offers_nothing_any_more(visited: "Visit") -> None:
    visited.sign_in("admin")
    grant = visited.house.grant
    data: dict[str, object] = {"form": visited.token(), "version": grant.version}
    assert visited.post(f"/grants/{grant.id}/revoke", data).goes_to == f"/grants/{grant.id}"
    assert visited.get(f"/grants/{grant.id}/resume").status == 409
    visited.sign_in("hfc.wang")
    assert visited.get("/ask/resident/lookup").status == 404
    assert visited.get("/ask/nothing/lookup").status == 404


def test_a_grant_is_looked_over_before_it_is_issued(visited: "Visit") -> None:
    visited.sign_in("admin")
    path = "/grants/new?department=tax&dataset=resident"
    fields: dict[str, object] = {
        "form": visited.get(path).value("form"),
        "department": "tax",
        "dataset": "resident",
        "version": "0",
        "operation": "lookup",
        "channel": "console",
        "item.name": "name",
        "item.sex": "",
        "purpose": "tax_administration",
        "since": "2026-01-01",
        "until": "2036-01-01",
        "quota": "10",
        "basis": "共享申请 2026-018",
    }
    before = entries(visited)
    assert visited.post("/grants/new", fields | {"step": "review", "basis": " "}).status == 422
    review = visited.post("/grants/new", fields | {"step": "review"})
    assert "确认授权" in review.text
    assert "仅首字" in review.text
    assert entries(visited) == before
    issued = visited.post("/grants/new", fields | {"step": "confirm"})
    assert issued.status == 303
    shown = visited.get(issued.goes_to).text
    assert "税务局" in shown
    assert "2036-01-01 23:59:59" in shown
    change = visited.get(f"{issued.goes_to}/change")
    changed = fields | {"version": "1", "quota": "20", "step": "review"}
    looked_over = visited.post(f"{issued.goes_to}/change", changed)
    assert looked_over.text.count("有变化") == 1
    assert change.status == 200
    done = visited.post(f"{issued.goes_to}/change", changed | {"step": "confirm"})
    assert done.goes_to == issued.goes_to
    stale = visited.post(f"{issued.goes_to}/change", changed | {"step": "confirm"})
    assert stale.status == 409


def test_a_grant_is_seen_by_provider_and_holder_only(visited: "Visit") -> None:
    path = f"/grants/{visited.house.grant.id}"
    for account, status in (
        ("admin", 200),
        ("audit.zhao", 200),
        ("psb.zhou", 200),
        ("hfc.wang", 200),
        ("tax.chen", 404),
    ):
        visited.sign_in(account)
        assert visited.get(path).status == status, account
        assert ("change" in visited.get(path).text) == (account == "admin")
    visited.sign_in("tax.chen")
    assert visited.house.grant.id not in visited.get("/grants").text


def test_an_auditor_finds_who_looked_and_sees_the_proof(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    ask(visited)
    visited.house.hub.checkpointer.step()
    visited.sign_in("audit.zhao")
    token = visited.token("/log")
    found = visited.post("/log", {"form": token, "subject": ZHANG.lower()})
    assert "hfc.wang" in found.text
    assert ZHANG.lower() not in str(found.response.url)
    position = re.search(r'name="position" value="(\d+)"', found.text)
    assert position is not None
    entry = visited.post("/log/entry", {"form": token, "position": position[1]})
    assert "已核对" in entry.text
    assert ZHANG in entry.text
    assert visited.post("/log/entry", {"form": token, "position": "999999999999999"}).status == 404
    assert visited.post("/log/entry", {"form": token, "position": "-1"}).status == 422
    assert visited.post("/log", {"form": token, "since": "yesterday"}).status == 422
    assert visited.post("/log", {"form": token, "subject": "x" * 500}).status == 422


def test_another_departments_publication_is_not_there(visited: "Visit") -> None:
    hub = visited.house.hub
    hashed = hash_password("seven small lanterns", "nobody")
    accounts.enrol(hub.changes, OPERATOR, "smb.gao", "高", "smb", ["steward"], hashed)
    visited.sign_in("smb.gao")
    assert visited.get("/publications/P-5f0c1a2b3c4d").status == 404
    data: dict[str, object] = {"form": visited.token()}
    assert visited.post("/publications/P-5f0c1a2b3c4d/release", data).status == 404


def test_a_steward_reads_the_report_and_discards(visited: "Visit") -> None:
    visited.sign_in("psb.zhou")
    page = visited.get("/publications/P-5f0c1a2b3c4d")
    for shown in ("128,402", "412", "校验码不对", "拒收的行超过 5%"):
        assert shown in page.text
    data: dict[str, object] = {"form": page.value("form")}
    assert visited.post("/publications/P-5f0c1a2b3c4d/discard", data).status == 303
    assert "已作废" in visited.get("/publications/P-5f0c1a2b3c4d").text
    assert visited.post("/publications/P-5f0c1a2b3c4d/discard", data).status == 409


def test_attack_markup_in_what_people_write(visited: "Visit") -> None:
    hub = visited.house.hub
    evil = "<img src=x onerror=alert(1)>"
    hashed = hash_password("seven small lanterns", "nobody")
    accounts.enrol(hub.changes, OPERATOR, "hfc.evil", evil, "hfc", ["officer"], hashed)
    visited.sign_in("hfc.evil")
    for page in (visited.get("/"), ask(visited, case=evil), ask(visited, subject=evil, case=evil)):
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
