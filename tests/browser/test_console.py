"""The console in a real browser, without JavaScript, in both languages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kept_profiles import NEWEST, year_of_profiles
from playwright.sync_api import Page
from world.shots import NARROW

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.browser

ZHANG = "11010519491231002X"


def test_somebody_finds_what_there_is_and_who_has_it(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    page = enter("tax.chen")
    page.click("nav >> text=数据目录")
    page.fill("#q", "信用代码")
    page.click("form[role=search] button")
    assert "法人基础信息" in page.inner_text(".offers li:first-child")
    assert "工作单位统一社会信用代码" in page.inner_text(".offers")
    assert "不动产" not in page.inner_text(".offers")
    page.screenshot(path=tmp_path / "found.png", full_page=True)
    page.click("text=法人基础信息")
    assert page.url == f"{served.address}/catalogue/legal_entity"
    assert "市场监管局" in page.inner_text("main")
    page.click("text=English")
    assert "Unified social credit code" in page.inner_text("table")
    page.screenshot(path=tmp_path / "entry.png", full_page=True)
    page.set_viewport_size(NARROW)
    page.screenshot(path=tmp_path / "narrow.png", full_page=True)


def test_an_officer_asks_and_sees_the_receipt(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    page = enter("hfc.wang")
    page.click("nav >> text=查询与核验")
    page.click("main a.button:has-text('查询')")
    page.fill("#subject", "110105 19491231 002x")
    page.select_option("#purpose", "housing_fund_withdrawal")
    page.fill("#case", "GJJ-2026-0031")
    for title in ("公民身份号码", "姓名", "性别"):
        page.check(f"label:has-text('{title}') input")
    page.click("form.card button")
    # The number is in no address: neither the page's nor one that the browser would send on.
    assert page.url == f"{served.address}/ask/resident/lookup"
    values = page.inner_text("table.values")
    assert "张伟" in values
    assert "1101************2X" in values
    evidence = page.inner_text(".evidence")
    assert "hub-session" in evidence
    assert "demo.yifen/ledger/1" in evidence
    assert "eyJ" in evidence
    page.screenshot(path=tmp_path / "answer.png", full_page=True)
    # Sent again, as a browser does on reload: a repeat.
    page.reload()
    assert "不另计额度" in page.inner_text(".evidence")


def test_a_mistyped_number_is_told_before_anything_is_asked(enter: Callable[..., Page]) -> None:
    page = enter("hfc.wang", "en")
    page.click("nav >> text=Look up and verify")
    page.click("main a.button:has-text('Verify')")
    page.fill("#subject", ZHANG)
    page.select_option("#purpose", "housing_fund_withdrawal")
    page.fill("#case", "1")
    page.fill("#claim-name", "张伟")
    page.click("form.card button")
    assert page.inner_text(".verdict") == "They agree"
    page.click("text=Ask about another")
    page.fill("#subject", ZHANG)
    # The browser itself holds back a form without purpose and case.
    page.click("form.card button")
    assert page.url.endswith("/ask/resident/verify")
    assert page.query_selector(".evidence") is None


@pytest.mark.parametrize(
    ("language", "new", "review", "confirm", "revoke", "revoked"),
    [
        ("zh", "新增授权", "核对内容", "确认授权", "撤销授权", "已撤销"),
        ("en", "New grant", "Look it over", "Issue the grant", "Revoke the grant", "revoked"),
    ],
)
def test_an_administrator_issues_and_revokes_a_grant(
    enter: Callable[..., Page],
    tmp_path: Path,
    language: str,
    new: str,
    review: str,
    confirm: str,
    revoke: str,
    revoked: str,
) -> None:
    page = enter("admin", language)
    page.goto(page.url + "grants")
    page.screenshot(path=tmp_path / f"matrix-{language}.png", full_page=True)
    page.click(f"text={new} >> nth=0")
    page.select_option("#department", "tax")
    page.select_option("#dataset", "real_estate")
    page.click("main form button")
    page.check("input[name=operation][value=lookup]")
    page.check("input[name=channel][value=console]")
    page.select_option("#item-certificate_no", "full")
    page.check("input[name=purpose][value=tax_administration]")
    page.fill("#quota", "200")
    page.fill("#basis", "共享申请 2026-021")
    page.click(f"button:has-text('{review}')")
    assert "2026-021" in page.inner_text("main table")
    page.click(f"button:has-text('{confirm}')")
    grant = page.url
    assert "/grants/G-" in grant
    page.click(f"text={revoke}")
    page.click("main button.button-danger")
    assert page.url == grant
    assert page.inner_text(".head-row .tag") == revoked
    assert page.query_selector(f"text={revoke}") is None


@pytest.mark.parametrize(
    ("language", "opened", "verified"),
    [("zh", "查看", "已核对"), ("en", "Open", "Verified")],
)
def test_an_auditor_searches_the_log_and_sees_the_proof(
    enter: Callable[..., Page],
    served: "Served",
    tmp_path: Path,
    language: str,
    opened: str,
    verified: str,
) -> None:
    officer = enter("hfc.wang")
    officer.goto(f"{served.address}/ask/resident/lookup")
    officer.fill("#subject", ZHANG)
    officer.select_option("#purpose", "tax_administration")
    officer.fill("#case", "S-77")
    officer.check("input[value=name]")
    officer.click("form.card button")
    served.house.hub.checkpointer.step()
    page = enter("audit.zhao", language)
    page.goto(f"{served.address}/log")
    page.fill("#subject", ZHANG)
    page.click("form.search button")
    assert page.url == f"{served.address}/log"
    row = page.inner_text("table.log tbody tr")
    assert "hfc.wang" in row
    assert "S-77" in row
    page.screenshot(path=tmp_path / f"log-{language}.png", full_page=True)
    page.click(f"table.log tbody tr >> text={opened}")
    assert page.url == f"{served.address}/log/entry"
    assert verified in page.inner_text("main")
    assert ZHANG in page.inner_text("dl.facts")


@pytest.mark.parametrize(
    ("language", "finding", "shapes"),
    [
        ("zh", "“现住址”有 18.32% 为空，上限为 10%", "样式"),
        ("en", "“Current address” is empty in 18.32% of the rows, at most 10% may be", "Shapes"),
    ],
)
def test_a_steward_sees_findings_items_and_trends(
    enter: Callable[..., Page],
    served: "Served",
    tmp_path: Path,
    language: str,
    finding: str,
    shapes: str,
) -> None:
    year_of_profiles(served.house.hub)
    page = enter("psb.zhou", language)
    page.goto(f"{served.address}/publications/{NEWEST}")
    page.screenshot(path=tmp_path / f"quality-{language}.png", full_page=True)
    # Findings come before everything else, the gravest first.
    assert page.locator("main section").first.inner_text().splitlines()[2] == finding
    assert page.locator(".finding").count() == 5
    assert shapes in page.inner_text("table.quality thead")
    address = page.locator("table.quality tbody tr", has_text="address").last
    assert "81.68%" in address.inner_text()
    bar, whole = (
        address.locator(f".bar-share{part}").first.bounding_box() for part in (" .part-filled", "")
    )
    assert bar is not None
    assert whole is not None
    assert bar["width"] / whole["width"] == pytest.approx(0.82, abs=0.02)
    columns = [box.bounding_box() for box in address.locator(".bar-trend rect").all()]
    heights = [box["height"] for box in columns if box is not None]
    assert len(heights) == 10
    assert max(heights) == heights[-1] > 2 * heights[-2]
    assert page.locator("tr[aria-current] a").inner_text() == NEWEST
    page.set_viewport_size(NARROW)
    box = page.locator("html").bounding_box()
    assert box is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_nothing_runs_off_a_narrow_page(enter: Callable[..., Page], served: "Served") -> None:
    page = enter("hfc.wang")
    page.set_viewport_size(NARROW)
    for path in ("/", "/ask", "/ask/resident/lookup", "/ask/resident/verify", "/grants"):
        page.goto(f"{served.address}{path}")
        box = page.locator("body").bounding_box()
        assert box is not None
        assert box["width"] <= NARROW["width"], path
        for element in page.locator("main > *, main .card > *").all():
            inner = element.bounding_box()
            assert inner is None or inner["x"] + inner["width"] <= NARROW["width"] + 1, path


def test_the_keyboard_reaches_the_main_part_first(
    enter: Callable[..., Page], served: "Served"
) -> None:
    page = enter("hfc.wang")
    page.goto(f"{served.address}/grants")
    page.keyboard.press("Tab")
    assert page.locator("a.skip:focus").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/grants#main")
    page.wait_for_selector("main:focus")


def test_every_field_has_a_label(enter: Callable[..., Page], served: "Served") -> None:
    pages = (
        ("admin", "/grants/new"),
        ("admin", "/grants/new?department=tax&dataset=resident"),
        ("admin", "/grants"),
        ("admin", "/calendar"),
        ("tax.liu", "/applications"),
        ("tax.liu", "/applications/new"),
        ("tax.liu", "/applications/new?dataset=resident"),
    )
    entered = {who: enter(who) for who in dict(pages)}
    for who, path in pages:
        page = entered[who]
        page.goto(served.address + path)
        for field in page.locator(
            "main input:not([type=hidden]), main select, main textarea"
        ).all():
            name, own = field.get_attribute("id"), field.locator("xpath=ancestor::label").count()
            assert own or page.locator(f"label[for='{name}']").count() == 1, (path, name)
        assert page.locator("h1").count() == 1
        assert page.locator("table").count() == page.locator("table:has(th[scope=col])").count()
