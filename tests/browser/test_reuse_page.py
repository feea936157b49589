"""The figure on its page: the numbers of the ledger, the target in words, and a sheet."""

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page
from python_calamine import CalamineWorkbook
from world.scanning import a_case, enrol, scan_desk
from world.shots import Shots

from hub.reuse.figure import figure, told
from hub.runtime import open_hub

if TYPE_CHECKING:
    from conftest import Served, Visit

COUNTS = ("cases", "listed", "covered", "brought", "later", "promised", "optional", "not_asked")


@pytest.fixture(scope="module")
def founded(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same hub with two cases of one department."""
    root = tmp_path_factory.mktemp("reuse") / "hub"
    shutil.copytree(founded, root)
    hub = open_hub(root)
    scan_desk(hub)
    for _ in range(2):
        a_case(hub)
    enrol(hub, "nrb.he", "何敏", "nrb", "head")
    hub.close()
    return root


def rows_of(text: str, section: str) -> list[list[str]]:
    """The cells of a table's rows, without markup."""
    part = text.split(f'id="{section}"')[1].split("</table>", maxsplit=1)[0].split("<tbody>")[1]
    return [
        [
            re.sub(r"<[^>]+>", " ", cell).strip()
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in part.split("</tr>")[:-1]
    ]


def test_the_page_says_what_the_ledger_says(visited: "Visit") -> None:
    visited.sign_in("admin")
    page = visited.get("/reuse")
    assert page.status == 200
    figures = told(figure(visited.house.hub.reading))
    total = figures["total"]
    assert isinstance(total, dict)
    assert (
        total["listed"] == total["covered"] + total["brought"] + total["later"] + total["promised"]
    )  # type: ignore[operator]
    assert total["cases"] == 2
    [row] = rows_of(page.text, "services")
    assert row[0] == "房屋租赁登记备案"
    assert row[2:] == [str(total[name]) for name in COUNTS]
    assert total["reached"] is False
    # In words, not by a colour alone.
    assert "未达 70%" in row[1]
    # Rounded down: what is short of the target never looks as if it reached it.
    whole, rest = divmod(int(str(total["share"])), 100)
    assert f"{whole}.{rest // 10}%" in row[1]


def test_a_head_sees_the_own_department_alone(visited: "Visit") -> None:
    visited.sign_in("nrb.he")
    assert "房屋租赁登记备案" in visited.get("/reuse").text
    visited.sign_in("psb.ma")
    assert "这一期间没有办件" in visited.get("/reuse").text
    assert "lease_record" not in visited.get("/reuse.csv").text


def test_a_period_can_be_chosen_and_what_is_none_is_refused(visited: "Visit") -> None:
    visited.sign_in("admin")
    assert "房屋租赁登记备案" not in visited.get("/reuse?from=1999-01&to=1999-12").text
    assert "房屋租赁登记备案" in visited.get("/reuse?from=2000-01").text
    for bad in ("from=2026-13", "to=x", "from=2026-02&to=2026-01"):
        assert visited.get(f"/reuse?{bad}").status == 422, bad
        assert visited.get(f"/reuse.csv?{bad}").status == 422, bad


def test_the_sheets_have_the_same_numbers(visited: "Visit") -> None:
    visited.sign_in("admin")
    answer = visited.get("/reuse.csv").response
    assert answer.headers["content-disposition"] == 'attachment; filename="reuse.csv"'
    lines = answer.content.decode("utf-8-sig").splitlines()
    [cell] = told(figure(visited.house.hub.reading))["cells"]  # type: ignore[misc]
    assert isinstance(cell, dict)
    numbers = [str(cell[name]) for name in COUNTS]
    assert lines[1].split(",")[5:13] == numbers
    book = CalamineWorkbook.from_filelike(io.BytesIO(visited.get("/reuse.xlsx").response.content))
    rows = book.get_sheet_by_index(0).to_python()
    assert [str(int(value)) for value in rows[1][5:13]] == numbers  # type: ignore[arg-type]
    assert visited.get("/reuse.pdf").status == 404


@pytest.mark.parametrize("account", ["hfc.wang", "psb.zhou"])
def test_officers_and_stewards_see_no_figure(visited: "Visit", account: str) -> None:
    visited.sign_in(account)
    assert visited.get("/reuse").status == 403
    assert visited.get("/reuse.csv").status == 403


@pytest.mark.browser
def test_an_administrator_looks_at_the_figure(
    enter: Callable[..., Page], served: "Served", tmp_path: Path
) -> None:
    shots = Shots(tmp_path)
    page = enter("admin")
    page.click("nav >> text=材料减免")
    shots.take(page, "reuse")
    assert "未达 70%" in page.inner_text("main")
    page.goto(f"{served.address}/reuse?lang=en")
    assert "below 70 %" in page.inner_text("main")
    shots.take(page, "english")
