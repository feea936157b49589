"""An objection through the pages: from an answer to its outcome, in both languages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.shots import NARROW, WIDE

if TYPE_CHECKING:
    from conftest import Served
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ZHANG = "11010519491231002X"


class Shots:
    """Pictures of pages, wide and narrow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, page: "Page", name: str) -> None:
        """Both pictures; nothing may stand out of the narrow one."""
        page.screenshot(path=self._folder / f"{name}.png", full_page=True)
        page.set_viewport_size(NARROW)
        page.screenshot(path=self._folder / f"{name}-narrow.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= NARROW["width"], (name, wide)
        page.set_viewport_size(WIDE)


def asks(page: "Page", served: "Served") -> None:
    page.goto(f"{served.address}/ask/resident/lookup")
    page.fill("#subject", ZHANG)
    page.select_option("#purpose", "housing_fund_withdrawal")
    page.fill("#case", "GJJ-1")
    page.check("input[name=item][value=name]")
    page.click("form.card button")


def objects(page: "Page", shots: Shots) -> None:
    """From the answer itself, and nothing personal stands in an address on the way."""
    shots.take(page, "answer")
    page.click("text=结果有误？提出校核")
    assert ZHANG not in page.url
    assert page.input_value("#subject") == ZHANG
    page.click("form.card button")
    # Every fault at once, where it is; what was filled in stands.
    page.fill("#reason", "身份证载明为张玮")
    page.click("form.card button")
    assert page.locator(".fault").count() >= 1
    shots.take(page, "faults")
    page.check("input[name=item][value=name]")
    page.click("summary:text('认为正确的值')")
    page.fill("#value-name", "张玮")
    page.fill("#evidence", "身份证原件，窗口留存复印件 3 号")
    shots.take(page, "form")
    page.click("form.card button")
    assert page.inner_text(".head-row .tag") == "待答复"
    assert ZHANG not in page.url
    assert ZHANG not in page.content()
    shots.take(page, "raised")


def answers(page: "Page", shots: Shots) -> None:
    """The provider's steward: it waits, is opened, and answered."""
    shots.take(page, "home")
    page.click(".duties a")
    assert ZHANG not in page.content()
    page.click("text=Open it")
    content = page.inner_text("section[aria-labelledby=content]")
    assert ZHANG in content
    assert "张玮" in content
    shots.take(page, "opened")
    page.check("input[name=outcome][value=confirmed]")
    page.fill("#reason", "户籍底册与身份证一致，均为张伟")
    page.click("text=Answer >> nth=-1")
    assert page.inner_text(".head-row .tag") == "the value stands"
    shots.take(page, "answered")


def test_from_an_answer_to_the_outcome(
    enter: Callable[..., "Page"], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    officer = enter("hfc.wang")
    asks(officer, served)
    objects(officer, shots)
    path = officer.url
    asks(officer, served)
    assert officer.locator(".record-disputed").count() == 1
    answers(enter("psb.zhou", "en"), shots)
    officer.goto(path)
    officer.click("text=打开内容")
    assert "户籍底册与身份证一致" in officer.inner_text("main")
    asks(officer, served)
    assert officer.locator(".record-disputed").count() == 0
    admin = enter("admin")
    admin.click("nav >> text=校核")
    assert "核实无误" in admin.inner_text("table")
    admin.goto(path)
    assert admin.locator("text=打开内容").count() == 0
    shots.take(admin, "administrator")


def test_a_withdrawal(enter: Callable[..., "Page"], served: "Served", tmp_path: Path) -> None:
    shots = Shots(tmp_path)
    officer = enter("hfc.wang", "en")
    officer.goto(f"{served.address}/objections")
    officer.click("summary:text('Object')")
    officer.click("main ul.plain a")
    officer.fill("#subject", ZHANG)
    officer.check("input[name=item][value=sex]")
    officer.fill("#reason", "It says 1, the card says 2")
    officer.click("form.card button")
    officer.click("summary:text('Withdraw')")
    shots.take(officer, "withdraw")
    officer.click("button:text('Withdraw')")
    assert officer.inner_text(".head-row .tag") == "withdrawn"
