"""A catalogue entry from its draft to its next edition, through the pages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from world.entering import PERMITS
from world.shots import Shots

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.browser


def drafts(page: Page, shots: Shots) -> None:
    """The steward of the police: what is wrong comes back where it stands."""
    page.click("nav >> text=目录编制")
    shots.take(page, "list")
    page.click("text=起草新条目")
    page.fill("#definition", PERMITS.replace("sharing = 2", "sharing = 3"))
    page.click("form.card button")
    assert "不予共享须写明法律依据" in page.inner_text("#definition-fault")
    assert "停车证" in page.input_value("#definition")
    shots.take(page, "fault")
    page.fill("#definition", PERMITS)
    page.click("form.card button")
    assert page.inner_text("#secrecy-fault") == "保密风险评估：未填写"
    shots.take(page, "drafted")


def assesses(page: Page, shots: Shots) -> None:
    page.click("summary:text('登记评估')")
    for name in ("secrecy", "privacy"):
        page.select_option(f"#{name}-result", "passed")
        page.fill(f"#{name}-reference", "评〔2026〕7号")
        page.fill(f"#{name}-day", "2026-01-05")
    shots.take(page, "assessing")
    page.click("button:text('登记评估')")
    assert page.inner_text(".head-row .tag >> nth=0") == "已评估"
    # Whoever drafts does not approve.
    assert page.locator("summary:text('批准')").count() == 0


def approves(page: Page, shots: Shots) -> None:
    """The head of the police, who reads English: the authority's two days begin."""
    page.reload()
    page.click(".duties a")
    page.click("summary:text('Approve')")
    page.fill("#reference", "数共批〔2026〕7号")
    page.click("button:text('Approve')")
    assert "Last day to review and publish" in page.inner_text("main")
    shots.take(page, "approved")


def returns(page: Page, shots: Shots) -> None:
    """The authority, once, with every reason."""
    page.reload()
    page.click(".duties a")
    page.click("summary:text('退回')")
    page.fill("#gap-items", "区域的取值不明")
    page.fill("#gap-level", "分级偏低")
    shots.take(page, "returning")
    page.click("button:text('退回')")
    assert "分级偏低" in page.inner_text("main")
    assert page.locator("summary:text('退回')").count() == 0


def publishes(page: Page, shots: Shots) -> None:
    page.click("button:text('审核通过')")
    page.click("button:text('发布')")
    assert page.inner_text(".head-row .tag >> nth=0") == "已发布"
    shots.take(page, "published")


def begins_the_next(page: Page, shots: Shots) -> None:
    page.click("a:text('起草下一版')")
    text = page.input_value("#definition")
    page.fill("#definition", text.replace('"区域"', '"停放区域"'))
    page.click("form.card button")
    told = page.inner_text("section[aria-labelledby=differences]")
    assert "items.zone.title_zh" in told
    assert "停放区域" in told
    assert "更新期限" in page.inner_text("main")
    shots.take(page, "next")


def test_an_entry_from_its_draft_to_its_next_edition(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    writer, head, admin = enter("psb.zhou"), enter("psb.ma", "en"), enter("admin")
    drafts(writer, shots)
    assesses(writer, shots)
    address = writer.url
    approves(head, shots)
    returns(admin, shots)
    writer.reload()
    assesses(writer, shots)
    head.goto(served.address)
    approves(head, shots)
    admin.reload()
    publishes(admin, shots)
    writer.goto(address)
    begins_the_next(writer, shots)
    officer = enter("hfc.wang")
    officer.goto(f"{served.address}/catalogue/parking_permit")
    assert "3070010001/000001" in officer.inner_text("main")
    admin.reload()
    admin.click("summary:text('暂停')")
    admin.fill("#suspend-reason", "数据有误")
    admin.click("button:text('暂停')")
    shots.take(admin, "suspended")
    officer.goto(f"{served.address}/catalogue?q=停车证")
    assert officer.locator("ul.offers").count() == 0
