"""The auditor's statement for the person concerned: prepared, printed, fetched as a file."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.auditing import Auditor

from certs.encoding import b64u, sha256

if TYPE_CHECKING:
    from conftest import Page as Answered
    from conftest import Served, Visit
    from playwright.sync_api import Page

ZHANG, LI = "11010519491231002X", "440524188001010014"
BASIS = "告知申请〔2026〕3号"


def prepared(visited: "Visit", subject: str = ZHANG, **fields: object) -> "Answered":
    token = visited.token("/log")
    given = {"form": token, "subject": subject, "basis": BASIS, "since": "", "until": ""}
    return visited.post("/log/statement", given | fields)


def paper(visited: "Visit", page: "Answered", **fields: object) -> "Answered":
    given = {
        name: html.unescape(page.value(name))
        for name in ("form", "subject", "basis", "since", "until", "below")
    }
    return visited.post("/log/statement/paper", {**given, **fields})


def positions(page: "Answered") -> list[str]:
    return re.findall(r'name="omit" value="(\d+)"', page.text)


def asked_about_both(visited: "Visit") -> None:
    visited.sign_in("hfc.wang")
    assert visited.ask().status == 200
    visited.ask(subject=LI)
    visited.ask(purpose="tax_administration", case="S-77")
    visited.sign_in("audit.zhao")


def test_the_paper_tells_departments_and_no_officer(visited: "Visit") -> None:
    asked_about_both(visited)
    page = prepared(visited)
    assert page.status == 200
    assert len(positions(page)) == 2
    made = paper(visited, page)
    assert made.status == 200
    assert "住房公积金中心" in made.text
    assert "GJJ-1" in made.text
    assert "S-77" in made.text
    assert "共享申请 2026-017" in made.text
    assert ZHANG in made.text
    assert BASIS in made.text
    assert LI not in made.text
    assert "hfc.wang" not in made.text
    assert "王秀英" not in made.text
    assert ZHANG not in str(made.response.url)
    # An answer was given, so the items of its grant are told; never more than the grant allows.
    [line, *_] = re.findall(r"<td>([^<]*姓名[^<]*)</td>", made.text)
    assert "性别" in line


def test_what_is_ticked_is_not_on_the_paper(visited: "Visit") -> None:
    asked_about_both(visited)
    page = prepared(visited)
    first, second = positions(page)
    made = paper(visited, page, omit=[first])
    assert "S-77" in made.text
    assert "GJJ-1" not in made.text
    assert "本次未列" not in made.text
    told = paper(visited, prepared(visited), omit=[second], count_told="yes")
    assert "S-77" not in told.text
    assert "本次未列 1 条" in told.text


def test_the_file_is_fetched_once_a_checkpoint_covers_it(visited: "Visit") -> None:
    asked_about_both(visited)
    made = paper(visited, prepared(visited))
    entry = made.value("entry")
    request = {"form": made.value("form"), "entry": entry}
    visited.in_loop(visited.house.hub.checkpointer.step)
    before = visited.entries()
    file = visited.post("/log/statement/file", request)
    assert file.status == 200
    assert visited.entries() == before + 1
    headers = file.response.headers
    assert headers["content-type"] == "application/vnd.yifen.statement+json"
    assert headers["content-disposition"] == f'attachment; filename="statement-{entry}.json"'
    assert headers["cache-control"] == "no-store"
    document = json.loads(file.response.content)
    assert (document["subject"], len(document["entries"])) == (ZHANG, 2)
    for wrong in (str(int(entry) - 1), str(10**9)):
        assert visited.post("/log/statement/file", request | {"entry": wrong}).status == 404
    assert visited.post("/log/statement/file", request | {"entry": ""}).status == 422


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": ""},
        {"basis": ""},
        {"basis": "x" * 300},
        {"since": "yesterday"},
        {"since": "2026-02-02", "until": "2026-01-01"},
    ],
)
def test_a_request_that_cannot_be_met_enters_nothing(
    visited: "Visit", fields: dict[str, object]
) -> None:
    visited.sign_in("audit.zhao")
    before = visited.entries()
    assert prepared(visited, **fields).status == 422
    assert visited.entries() == before


def test_attack_positions_that_were_not_offered(visited: "Visit") -> None:
    asked_about_both(visited)
    page = prepared(visited)
    before = visited.entries()
    for fields in ({"omit": ["1"]}, {"omit": ["x"]}, {"below": ""}, {"below": str(10**14)}):
        assert paper(visited, page, **fields).status == 422
    assert visited.entries() == before


@pytest.mark.parametrize(
    ("language", "given"), [("zh", "住房公积金中心"), ("en", "Housing Fund Centre")]
)
def test_an_auditor_makes_a_statement_and_the_person_checks_it(
    enter: Callable[..., "Page"],
    served: "Served",
    tmp_path: Path,
    language: str,
    given: str,
) -> None:
    officer = enter("hfc.wang")
    for purpose, case in (("housing_fund_withdrawal", "GJJ-1"), ("tax_administration", "S-77")):
        officer.goto(f"{served.address}/ask/resident/lookup")
        officer.fill("#subject", ZHANG)
        officer.select_option("#purpose", purpose)
        officer.fill("#case", case)
        officer.check("input[value=name]")
        officer.click("form.card button")
    page = enter("audit.zhao", language)
    page.goto(f"{served.address}/log")
    page.fill("#statement-subject", ZHANG)
    page.fill("#statement-basis", BASIS)
    page.screenshot(path=tmp_path / f"form-{language}.png", full_page=True)
    page.click("form.statement button")
    assert page.locator("table.log tbody tr").count() == 2
    page.screenshot(path=tmp_path / f"choose-{language}.png", full_page=True)
    page.check("table.log tbody tr:first-child input")
    page.check("input[name=count_told]")
    page.click("main form .card button")
    assert page.url == f"{served.address}/log/statement/paper"
    sheet = page.inner_text("article.sheet")
    assert given in sheet
    assert "S-77" in sheet
    assert "GJJ-1" not in sheet
    assert "hfc.wang" not in sheet
    page.screenshot(path=tmp_path / f"paper-{language}.png", full_page=True)
    page.emulate_media(media="print")
    assert not page.locator("#file").is_visible()
    page.screenshot(path=tmp_path / f"print-{language}.png", full_page=True)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 800})
    page.screenshot(path=tmp_path / f"narrow-{language}.png", full_page=True)
    box = page.locator("article.sheet").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 391
    served.house.hub.checkpointer.step()
    with page.expect_download() as fetched:
        page.locator("section.card button").dispatch_event("click")
    path = tmp_path / "statement.json"
    fetched.value.save_as(path)
    root = b64u(sha256(served.house.hub.authority.root_der))
    auditor = Auditor.at(tmp_path / "person")
    verdict = auditor.verify("statement", path, "--root", root)
    assert verdict.faults == []
    assert verdict.passed >= {"statement-good", "statement-entry"}
    assert "statement-omitted" in verdict.remarks
