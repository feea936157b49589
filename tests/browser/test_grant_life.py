"""A grant's life through the pages: suspended, put right, resumed, ended, disposed of; a stop."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from world.shots import Shots

from hub.access import grants
from hub.access.grant import Terms
from hub.ledger.change import OPERATOR

if TYPE_CHECKING:
    from conftest import Served, Visit

pytestmark = pytest.mark.browser

ZHANG = "11010519491231002X"
TEXTS = {
    "scenario": "办税服务厅核对身份",
    "process": "受理时逐件查询",
    "effect": "申请人免交复印件",
    "storage": "随案卷存于征管系统",
    "destruction": "案卷期满后销毁",
}


def held(served: "Served") -> str:
    """The address of the tax office's grant over enterprises."""
    [grant] = grants.listing(served.house.hub.reading, department="tax")
    return f"{served.address}/grants/{grant.id}"


def suspends(page: Page, shots: Shots, grant: str) -> None:
    page.goto(grant)
    page.click("summary:text('暂停并要求整改')")
    page.fill("#suspend-reason", "查询量与业务量明显不符")
    page.fill("#rectify", "逐条说明上月查询的业务依据")
    shots.take(page, "suspend")
    page.click("button:text('暂停并要求整改')")
    assert "已暂停，整改中" in page.inner_text("main")
    # While it is being put right nothing else is offered.
    assert page.locator("a:text('恢复'), a:text('撤销')").count() == 0


def puts_right(writer: Page, head: Page, shots: Shots, grant: str) -> None:
    writer.reload()
    shots.take(writer, "rectify-home")
    writer.click(".duties a")
    assert writer.url == grant
    writer.click("summary:text('填写整改报告')")
    writer.fill("#report-text", "已逐条核对，误查 3 条已登记")
    writer.click("button:text('填写整改报告')")
    assert writer.locator("button:text('签发整改报告')").count() == 0
    head.reload()
    head.click(".duties a")
    shots.take(head, "report-to-sign")
    head.click("button:text('Sign the report')")


def states_use(page: Page, shots: Shots, grant: str) -> None:
    page.goto(f"{grant}/usage")
    for name, text in TEXTS.items():
        page.fill(f"#{name}", text)
    page.click("button:text('填写使用说明')")
    assert TEXTS["effect"] in page.inner_text("main")
    shots.take(page, "usage")


def disposes(writer: Page, head: Page, shots: Shots, grant: str) -> None:
    writer.goto(grant)
    assert "使用部门尚未登记所获数据的处置" in writer.inner_text("main")
    writer.click("summary:text('登记数据处置')")
    writer.fill("#method", "逐表删除并覆写备份介质")
    writer.fill("#scope", "业务库与两份备份中的全部结果")
    writer.fill("#count", "41")
    shots.take(writer, "disposal")
    writer.click("button:text('登记数据处置')")
    head.goto(grant)
    head.click("button:text('Sign the disposal record')")
    assert "destroyed" in head.inner_text("main")
    shots.take(head, "disposed")


def test_a_grant_from_its_suspension_to_its_disposal(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots, grant = Shots(tmp_path), held(served)
    admin, writer, head = enter("admin"), enter("tax.liu"), enter("tax.sun", "en")
    suspends(admin, shots, grant)
    puts_right(writer, head, shots, grant)
    admin.goto(served.address)
    admin.click(".duties a")
    admin.click("summary:text('作出处理决定')")
    admin.fill("#outcome-reason", "整改到位")
    shots.take(admin, "outcome")
    admin.click("button:text('作出处理决定')")
    assert "恢复" in admin.inner_text("[aria-labelledby=past]")
    states_use(writer, shots, grant)
    admin.click("summary:text('复核')")
    admin.uncheck("input[name=item] >> nth=0")
    shots.take(admin, "review")
    admin.click("button:text('复核')")
    assert "上次复核" in admin.inner_text("main")
    admin.click("a:text('撤销')")
    admin.click("form button.button-danger")
    admin.goto(f"{served.address}/grants/ended")
    assert grant.rsplit("/", 1)[1] in admin.inner_text("table")
    shots.take(admin, "ended")
    disposes(writer, head, shots, grant)
    admin.reload()
    assert "没有未登记处置的授权" in admin.inner_text("main")


def test_who_sees_what_is_filtered_and_taken_away(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    admin = enter("admin")
    admin.goto(f"{served.address}/grants")
    admin.click("a:text('授权矩阵与清单')")
    assert admin.locator("table.matrix tbody tr").count() == 3
    shots.take(admin, "matrix")
    admin.select_option("#department", "tax")
    admin.click("form.card button")
    assert admin.locator("table.matrix tbody tr").count() == 1
    with admin.expect_download() as waiting:
        admin.click("a:text('XLSX')")
    assert waiting.value.suggested_filename == "grants.xlsx"
    steward = enter("psb.zhou", "en")
    steward.goto(f"{served.address}/grants/matrix")
    assert "Taxation" not in steward.inner_text("table.matrix")
    shots.take(steward, "matrix-steward")


def test_a_head_stops_and_the_authority_lifts(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    head = enter("psb.ma")
    head.click("nav >> text=紧急停用")
    head.select_option("#thing", "dataset/resident")
    head.fill("#reason", "疑似数据异常")
    shots.take(head, "stop")
    head.click("button:text('立即停用')")
    assert "本部门停用" in head.inner_text("main")
    shots.take(head, "stopped")
    admin = enter("admin", "en")
    admin.goto(f"{served.address}/stops")
    admin.click("summary:text('Lift')")
    admin.fill("textarea[id^=lift]", "checked, a false alarm")
    shots.take(admin, "lift")
    admin.click("details button:text('Lift')")
    assert "Nothing is stopped" in admin.inner_text("main")


def test_the_record_of_use_counts_what_the_console_asked(visited: "Visit") -> None:
    hub, grant = visited.house.hub, visited.house.grant
    visited.sign_in("hfc.wang")
    assert visited.ask().status == 200
    # To an officer there is no record of use.
    assert visited.get(f"/grants/{grant.id}/usage").status == 403
    while hub.checkpointer.step() is not None:
        pass
    visited.sign_in("psb.zhou")
    page = visited.get(f"/grants/{grant.id}/usage")
    assert page.status == 200
    assert "住房公积金提取" in page.text or "housing_fund" in page.text
    assert ZHANG not in page.text
    assert "hfc.wang" not in page.text
    visited.sign_in("tax.liu")
    assert visited.get(f"/grants/{grant.id}/usage").status == 404


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("disposition", {"reason": "x" * 3, "rectify": "改正", "days": "0"}),
        ("disposition", {"reason": ZHANG, "rectify": "改正", "days": "5"}),
        ("disposition", {"reason": "超量", "rectify": "", "days": "5"}),
        ("disposition/outcome", {"outcome": "perhaps", "reason": "超量"}),
        ("review", {"version": "1", "outcome": "perhaps"}),
        ("review", {"version": "1", "outcome": "kept", "review_by": "soon"}),
        ("review", {"version": "1", "outcome": "kept"}),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    visited: "Visit", path: str, fields: dict[str, object]
) -> None:
    visited.sign_in("admin")
    data: dict[str, object] = {"form": visited.token(), **fields}
    before = visited.entries()
    page = visited.post(f"/grants/{visited.house.grant.id}/{path}", data)
    assert page.status == 422, page.text
    assert visited.entries() == before


@pytest.mark.parametrize(
    ("dataset", "told"),
    [("credit_penalty", "信用：日志个人部分保存 10 年"), ("resident", "保存 3 年")],
)
def test_the_page_tells_how_long_persons_are_kept(
    visited: "Visit", dataset: str, told: str
) -> None:
    hub = visited.house.hub
    state = visited.house.grant.terms().model_dump()
    named = {"department": "tax", "dataset": dataset, "items": {"name": "full"}}
    grant = grants.issue(hub.changes, OPERATOR, Terms.model_validate({**state, **named}))
    visited.sign_in("admin")
    assert told in visited.get(f"/grants/{grant.id}").text
    assert told in visited.get(f"/grants/{grant.id}/usage").text


def test_every_disposition_is_offered_to_whom_it_is_open(visited: "Visit") -> None:
    grant = visited.house.grant
    for who, offered in (
        ("admin", {"disposition", "review"}),
        ("psb.ma", {"disposition/request"}),
        ("psb.zhou", set()),
        ("audit.zhao", set()),
    ):
        visited.sign_in(who)
        text = visited.get(f"/grants/{grant.id}").text
        acts = {part.split('"', 1)[0] for part in text.split(f'action="/grants/{grant.id}/')[1:]}
        assert acts == offered, who
    grants.set_status(visited.house.hub.changes, OPERATOR, grant.id, "revoked")
    visited.sign_in("admin")
    assert "授权已撤销或终止" in visited.get(f"/grants/{grant.id}").text
