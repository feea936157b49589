"""The areas of the console over HTTP: asking, grants, publications, the log."""

import json
import re
from typing import TYPE_CHECKING

import pytest

from certs.encoding import sha256, unb64u
from certs.keys import PrivateKey
from certs.receipts import key_thumbprint, verify_receipt
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password

if TYPE_CHECKING:
    from conftest import Visit

ZHANG = "11010519491231002X"


def test_an_answer_shows_titles_and_a_receipt_that_verifies(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    page = visited.ask(item=["resident_id", "name", "sex", "former_name"])
    assert page.status == 200
    for shown in ("张伟", "男", "1101************2X", "未登记", "hub-session", "较弱", "GJJ-1"):
        assert shown in page.text
    token = re.search(r">(eyJ[\w-]+\.[\w-]+\.[\w-]+)<", page.text)
    assert token is not None
    public = PrivateKey.load(visited.house.hub.folder.keys / "receipt.key").public
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
    before = visited.entries()
    page = visited.ask(**changes)
    assert page.status == 422
    assert told in page.text
    assert visited.entries() == before


def test_an_absent_subject_and_a_verification_are_answered(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    assert "没有这个主体的记录" in visited.ask(subject="53010219200508011X").text
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
    before = visited.entries()
    assert visited.post("/grants/new", fields | {"step": "review", "basis": " "}).status == 422
    review = visited.post("/grants/new", fields | {"step": "review"})
    assert "确认授权" in review.text
    assert "仅首字" in review.text
    assert visited.entries() == before
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
    visited.ask()
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
    for shown in ("128,402", "412", "校验码不对", "拒收的行超过上限"):
        assert shown in page.text
    data: dict[str, object] = {"form": page.value("form")}
    assert visited.post("/publications/P-5f0c1a2b3c4d/discard", data).status == 303
    assert "已作废" in visited.get("/publications/P-5f0c1a2b3c4d").text
    assert visited.post("/publications/P-5f0c1a2b3c4d/discard", data).status == 409
