"""The pages of applications and of the calendar, in-process: what people write into them.

And what the command shows of an application that came by the pages.
"""

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from documents import ROOT

from certs.keys import write_secret
from hub.applications import applying
from hub.applications.application import Elements
from hub.calendar import corrections
from hub.ledger.change import Actor

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page, Served, Visit

WHOLE: dict[str, object] = {
    "dataset": "resident",
    "basis": "《中华人民共和国税收征收管理法》第六条",
    "scenario": "办税服务厅受理时核对身份",
    "scope": "征收管理科窗口人员",
    "method": "service",
    "valid_until": "2027-12-31",
    "item": ["name", "sex"],
    "purpose": "tax_administration",
    "operation": "lookup",
    "channel": "console",
}


def drafted(visit: "Visit", **fields: object) -> "Page":
    visit.sign_in("tax.liu")
    data = {"form": visit.token(), "version": "0", **WHOLE, **fields}
    return visit.post("/applications/new", data)


def submitted(visit: "Visit") -> str:
    """The path of an application that the tax office's head has signed."""
    path = drafted(visit).goes_to
    visit.sign_in("tax.sun")
    done = visit.post(f"{path}/sign", {"form": visit.token(), "version": "1"})
    assert done.goes_to == path
    return path


def test_a_draft_is_kept_with_what_was_written_in_it(visited: "Visit") -> None:
    page = drafted(visited, scope="一行\r\n二行", method="")
    assert page.goes_to.endswith("/edit")
    edit = visited.get(page.goes_to)
    assert "已保存为草稿。下方标出全部 1 处缺项" in edit.text
    assert "一行\n二行</textarea>" in edit.text
    assert 'value="2027-12-31"' in edit.text
    assert edit.text.count("checked") == 5


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2027-02-30", "soon"])
def test_a_day_that_nobody_means_is_no_fault_of_ours(visited: "Visit", day: str) -> None:
    before = visited.entries()
    page = drafted(visited, valid_until=day)
    assert page.status == 422
    assert "日期不对" in page.text
    visited.sign_in("admin")
    data: dict[str, object] = {
        "form": visited.token(),
        "department": "tax",
        "dataset": "resident",
        "since": day,
        "until": day,
        "step": "review",
    }
    assert visited.post("/grants/new", data).status == 422
    assert visited.entries() == before


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"scope": "长" * 2001}, "不得超过 2000 字"), ({"daily_quota": "0"}, "须为正整数")],
)
def test_what_cannot_be_written_down_is_told_and_not_kept(
    visited: "Visit", fields: dict[str, object], told: str
) -> None:
    before = visited.entries()
    page = drafted(visited, **fields)
    assert page.status == 422
    assert told in page.text
    assert visited.entries() == before


def test_attack_fields_that_the_form_does_not_offer(visited: "Visit") -> None:
    page = drafted(
        visited, item=["name", "shoe_size"], operation="erase", channel="hub", method="telepathy"
    )
    assert page.goes_to.endswith("/edit")
    kept = visited.get(page.goes_to).text
    assert "shoe_size" not in kept
    assert kept.count("未选择") == 3
    assert drafted(visited, dataset="nothing").status == 404


def test_nobody_applies_for_what_is_the_own_departments(visited: "Visit") -> None:
    visited.sign_in("psb.zhou")
    data = {"form": visited.token(), "version": "0", **WHOLE}
    assert visited.post("/applications/new", data).status == 404
    assert 'dataset=resident"' not in visited.get("/applications/new").text


def test_a_reply_tells_every_item_that_is_not_answered(visited: "Visit") -> None:
    path = submitted(visited)
    visited.sign_in("psb.zhou")
    token = visited.token()
    before = visited.entries()
    for fields, faults in (
        ({}, 2),
        ({"item.name": "full"}, 1),
        ({"item.name": "full", "item.sex": "refuse"}, 1),
        ({"item.name": "full", "item.sex": "refuse", "reason.sex": "否"}, 1),
        ({"item.name": "full", "item.sex": "year"}, 1),
        ({"item.name": "full", "item.sex": "full", "reason.sex": "不需要"}, 1),
    ):
        page = visited.post(f"{path}/reply", {"form": token, "version": "2", **fields})
        assert page.status == 422, fields
        assert page.text.count('class="fault"') == faults, fields
    assert visited.entries() == before
    whole = {"item.name": "full", "item.sex": "refuse", "reason.sex": "不需要"}
    assert visited.post(f"{path}/reply", {"form": token, "version": "2", **whole}).goes_to == path
    assert "不需要" in visited.get(f"{path}/reply").text


def test_it_is_returned_with_everything_and_shown_at_the_form(visited: "Visit") -> None:
    path = submitted(visited)
    visited.sign_in("psb.zhou")
    gaps: dict[str, object] = {"gap.scope": "说明岗位", "gap.basis": "附文号"}
    fields: dict[str, object] = {"form": visited.token(), "version": "2"}
    assert visited.post(f"{path}/return", fields).status == 422
    assert visited.post(f"{path}/return", fields | {"gap.scope": "长" * 501}).status == 422
    assert visited.post(f"{path}/return", fields | gaps).goes_to == path
    visited.sign_in("tax.liu")
    for page in (visited.get(path), visited.get(f"{path}/edit")):
        assert "使用范围：说明岗位" in page.text
        assert "使用依据：附文号" in page.text
    assert "补正后重新提交" in visited.get("/").text


def test_a_page_that_is_out_of_date_is_told(visited: "Visit") -> None:
    path = submitted(visited)
    visited.sign_in("tax.liu")
    for fields in ({"version": "1"}, {}):
        data: dict[str, object] = {"form": visited.token(), **fields}
        page = visited.post(f"{path}/withdraw", data)
        assert page.status == 409
        assert "内容已被他人更新" in page.text


def test_applications_are_filtered_by_their_state(visited: "Visit") -> None:
    name = submitted(visited).rsplit("/", 1)[1]
    for status, there in (("submitted", True), ("draft", False), ("nothing", True)):
        assert (name in visited.get(f"/applications?status={status}").text) == there
    visited.sign_in("audit.zhao")
    assert name in visited.get("/applications").text


def test_days_of_the_calendar_are_corrected_together_within_a_month(visited: "Visit") -> None:
    visited.sign_in("admin")
    fields: dict[str, object] = {
        "form": visited.token(),
        "day": "2027-02-05",
        "until": "2027-02-07",
        "working": "off",
        "basis": "通知",
    }
    before = visited.entries()
    for wrong in (
        {"until": "2027-03-08"},
        {"until": "2027-02-04"},
        {"day": "x"},
        {"working": "perhaps"},
        {"basis": " "},
        {"day": "2077-02-05", "until": ""},
    ):
        assert visited.post("/calendar", fields | wrong).status == 422, wrong
    assert visited.entries() == before
    assert visited.post("/calendar", fields).goes_to == "/calendar"
    assert visited.entries() == before + 3
    reading = visited.house.hub.reading
    assert [row["day"] for row in corrections.listing(reading)] == [
        f"2027-02-0{number}" for number in (5, 6, 7)
    ]
    assert visited.post("/calendar", fields | {"working": "announced"}).status == 303
    assert corrections.listing(reading) == []


def test_the_command_lists_and_shows_what_somebody_sees(served: "Served", tmp_path: "Path") -> None:
    hub = served.house.hub
    writer = Actor("console", account="tax.liu", department="tax")
    drafted, _ = applying.draft(hub.changes, writer, "resident", Elements(items=("name",)))

    def told(who: str, *arguments: str) -> tuple[int, str]:
        session = tmp_path / who
        if not session.exists():
            write_secret(session, hub.sessions.issue(who).token.encode("ascii"))
        where = ("--address", served.address, "--session", str(session))
        done = subprocess.run(
            [sys.executable, "-m", "hub", *where, "application", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert drafted.id in told("tax.liu", "list", "--status", "draft")[1]
    assert drafted.id not in told("tax.liu", "list", "--status", "granted")[1]
    # To the provider a draft is not there.
    assert drafted.id not in told("psb.zhou", "list")[1]
    assert told("psb.zhou", "show", drafted.id) == (1, "")
    code, shown = told("tax.liu", "show", drafted.id)
    assert (code, "name" in shown, "draft" in shown) == (0, True, True)
    [whole] = json.loads(told("tax.liu", "show", drafted.id, "--json")[1])
    assert whole == {**drafted.state(), "urgency": None}
