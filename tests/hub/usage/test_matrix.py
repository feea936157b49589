"""Who sees what: rows of grant and item, for each side its own."""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook
from world.living import ADMINISTRATOR, AUDITOR, REASON, Life
from world.town import covering

from hub.access import grants
from hub.ledger.change import OPERATOR


def rows(life: Life, who: str, query: str = "") -> list[tuple[str, str, str, str]]:
    """Department, dataset, item and mask."""
    found = life.done(who, "GET", f"/v1/grant-matrix{query}")["rows"]
    assert isinstance(found, list)
    names = ("department", "dataset", "item", "mask")
    return [tuple(str(row[name]) for name in names) for row in found]  # type: ignore[index,call-overload,misc]


def statuses(life: Life, query: str = "") -> set[str]:
    found = life.done(AUDITOR, "GET", f"/v1/grant-matrix{query}")["rows"]
    assert isinstance(found, list)
    return {str(row["status"]) for row in found}  # type: ignore[index,call-overload]


def test_each_item_of_each_grant_is_a_row(life: Life) -> None:
    found = rows(life, ADMINISTRATOR)
    assert len(found) == len(life.world.grant.items) == 7
    assert ("nrb", "resident", "birth_date", "year") in found


def test_each_side_sees_what_it_holds_and_gives(life: Life) -> None:
    grants.issue(life.world.hub.changes, OPERATOR, covering(life.world.time(), department="mrb"))
    assert {row[0] for row in rows(life, AUDITOR)} == {"mrb", "nrb"}
    for who, departments in (
        ("nrb.writer", {"nrb"}),
        ("nrb.head", {"nrb"}),
        ("mrb.head", {"mrb"}),
        ("psb.writer", {"mrb", "nrb"}),
    ):
        assert {row[0] for row in rows(life, who)} == departments, who
    assert {row[0] for row in rows(life, AUDITOR, "?department=mrb")} == {"mrb"}
    assert rows(life, AUDITOR, "?dataset=real_estate") == []
    assert life.call(AUDITOR, "GET", "/v1/grant-matrix?status=perhaps").status == 422


def test_the_standing_is_what_a_question_would_meet(life: Life) -> None:
    assert statuses(life) == {"active"}
    body = {"what": "dataset", "code": "resident", **REASON}
    stop = life.done(ADMINISTRATOR, "POST", "/v1/stops", body)
    assert statuses(life) == {"stopped"}
    life.done(ADMINISTRATOR, "POST", f"/v1/stops/{stop['id']}/lift", REASON)
    life.suspended()
    assert statuses(life) == {"suspended"}
    life.later(31)
    assert statuses(life) == set()
    assert statuses(life, "?status=ended") == statuses(life, "?status=all") == {"ended"}


@pytest.mark.parametrize(("language", "heading"), [("zh", "使用部门"), ("en", "department, title")])
def test_attack_a_basis_that_is_a_formula_in_the_sheet(
    life: Life, language: str, heading: str
) -> None:
    evil = '=HYPERLINK("http://evil.example","点此")'
    life.world.regrant(basis=evil)
    body = life.call(AUDITOR, "GET", f"/v1/grant-matrix.csv?lang={language}").body
    sheet = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert len(sheet) == 7
    assert sheet[0][heading]
    assert f"'{evil}" in sheet[0].values()
    answer = life.call(AUDITOR, "GET", f"/v1/grant-matrix.xlsx?lang={language}")
    assert answer.headers["content-disposition"] == 'attachment; filename="grants.xlsx"'
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.body))
    cells = book.get_sheet_by_index(0).to_python()
    assert heading in cells[0]
    assert evil in cells[1]
    assert life.call(AUDITOR, "GET", "/v1/grant-matrix.ods").status == 404
