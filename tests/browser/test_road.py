"""From an application to an answer, through the pages: six people of two departments."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from world.browsing import NARROW, WIDE

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.browser

ZHANG = "11010519491231002X"


class Shots:
    """Screenshots of where one is, numbered; wide, and one as on a telephone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def take(self, page: Page, name: str) -> None:
        self._count += 1
        page.screenshot(path=self._folder / f"{self._count:02}-{name}.png", full_page=True)
        page.set_viewport_size(NARROW)
        page.screenshot(path=self._folder / f"{self._count:02}-{name}-narrow.png", full_page=True)
        for element in page.locator("main > *, main .card > *, main > section > *").all():
            inner = element.bounding_box()
            assert inner is None or inner["x"] + inner["width"] <= NARROW["width"] + 1, name
        page.set_viewport_size(WIDE)


def drafts_with_gaps(page: Page, shots: Shots) -> str:
    """The steward of the tax office; gives the application's address."""
    page.click("nav >> text=共享申请")
    page.click("text=新建申请")
    shots.take(page, "pick")
    page.click("a[href$='dataset=resident']")
    page.fill("#basis", "查")
    page.check("input[name=item][value=name]")
    page.click("form.card button")
    written = {page.inner_text(f"#{name}-fault") for name in ("basis", "scenario", "scope")}
    chosen = ("method", "valid_until", "purposes", "operations", "channels")
    assert written == {"未填写，或不足以说明"}
    assert {page.inner_text(f"#{name}-fault") for name in chosen} == {"未选择"}
    assert page.locator(".fault").count() == 8
    shots.take(page, "gaps")
    return page.url.removesuffix("/edit")


def completes(page: Page, shots: Shots) -> None:
    page.fill("#basis", "《中华人民共和国税收征收管理法》第六条")
    page.fill("#scenario", "办税服务厅受理个人所得税专项附加扣除时核对身份")
    page.fill("#scope", "征收管理科窗口人员，一事一查")
    page.select_option("#method", "service")
    page.fill("#valid_until", "2027-12-31")
    for code in ("sex", "address", "birth_date"):
        page.check(f"input[name=item][value={code}]")
    page.check("input[name=purpose][value=tax_administration]")
    page.check("input[name=channel][value=console]")
    page.check("input[name=operation][value=lookup]")
    page.click("form.card button")
    assert page.locator(".fault").count() == 0
    assert "等待本部门负责人签发" in page.inner_text("main")
    # Whoever writes does not sign.
    assert page.locator("button:text('签发申请')").count() == 0
    shots.take(page, "draft")


def signs(page: Page, shots: Shots) -> None:
    """The head of the tax office, who reads English: the reply's period begins."""
    shots.take(page, "head-home")
    page.click(".duties a")
    page.click("button:text('Sign the application')")
    assert "Last day to reply" in page.inner_text("main")
    shots.take(page, "submitted")


def answers_in_part(page: Page, shots: Shots) -> None:
    """The steward of the police, item by item."""
    shots.take(page, "provider-home")
    page.click(".duties a")
    page.click(".acts >> text=拟定答复")
    page.select_option("#item-name", "full")
    page.select_option("#item-birth_date", "year")
    page.select_option("#item-address", "refuse")
    page.click("form.card button")
    # Everything that is not answered is told at once, and what was chosen is still there.
    assert page.locator(".fault").count() == 2
    assert page.input_value("#item-birth_date") == "year"
    shots.take(page, "reply-faults")
    page.select_option("#item-sex", "full")
    page.fill("#reason-address", "专项附加扣除不需要住址")
    page.click("form.card button")
    assert "尚未由提供方负责人签发" in page.inner_text("main")
    shots.take(page, "prepared")


def signs_the_reply(page: Page, shots: Shots) -> None:
    """The head of the police: there is a grant."""
    page.click(".duties a")
    page.click("button:text('签发答复')")
    assert page.inner_text(".head-row .tag") == "部分同意"
    shots.take(page, "answered")


def asks(page: Page, shots: Shots) -> None:
    """The officer is offered what was granted, as it was masked, and nothing else."""
    fields = page.locator("input[name=item]").all()
    offered = sorted(str(field.get_attribute("value")) for field in fields)
    assert offered == ["birth_date", "name", "sex"]
    page.fill("#subject", ZHANG)
    page.select_option("#purpose", "tax_administration")
    for code in offered:
        page.check(f"input[name=item][value={code}]")
    page.click("form.card button")
    values = page.inner_text("table.values")
    assert "张伟" in values
    assert "1949" in values
    assert "1949-12-31" not in values
    assert "幸福路" not in values
    shots.take(page, "answer")


def disputes(page: Page, shots: Shots, application: str) -> None:
    """The applicant's steward finds the grant from the application, the way back, and objects."""
    page.reload()
    page.click("dl.facts a[href^='/grants/']")
    page.click("dl.facts a[href^='/applications/']")
    assert page.url == application
    page.click("summary:text('提出争议')")
    page.fill("#dispute-reason", "住址用于判断管辖")
    shots.take(page, "dispute")
    page.click("button:text('提出争议')")
    assert "两部门协商" in page.inner_text("main")


def test_six_people_from_an_application_to_an_answer(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    writer = enter("tax.liu")
    application = drafts_with_gaps(writer, shots)
    completes(writer, shots)
    assert writer.url == application
    signs(enter("tax.sun", "en"), shots)
    answers_in_part(enter("psb.zhou"), shots)
    signs_the_reply(enter("psb.ma"), shots)
    officer = enter("tax.chen")
    officer.goto(f"{served.address}/ask/resident/lookup")
    asks(officer, shots)
    disputes(writer, shots, application)
    admin = enter("admin", "en")
    admin.goto(f"{served.address}/applications")
    assert application.rsplit("/", 1)[1] in admin.inner_text("table")
    shots.take(admin, "list")


def test_an_administrator_corrects_the_calendar(
    enter: Callable[..., Page],
    tmp_path: Path,
) -> None:
    shots = Shots(tmp_path)
    admin = enter("admin")
    admin.click("nav >> text=工作日历")
    shots.take(admin, "calendar")
    admin.fill("#day", "2027-02-05")
    admin.fill("#until", "2027-02-11")
    admin.select_option("#working", "off")
    admin.fill("#basis", "国务院办公厅关于2027年部分节假日安排的通知")
    admin.click("main form button")
    rows = admin.inner_text("section[aria-labelledby=corrections] table")
    assert rows.count("休息") == 7
    assert "2027-02-05 – 2027-02-11" in admin.inner_text("section[aria-labelledby=year-2027]")
    shots.take(admin, "corrected")
