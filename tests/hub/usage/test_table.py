"""Sheets: CSV and XLSX in which text stays text."""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from hub.usage.table import Table, as_csv, as_xlsx

EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠A1")


def table(*cells: str | int | None) -> Table:
    return Table("表", ("一", "二"), [(cell, "x") for cell in cells])


def read(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("cell", EVIL)
def test_attack_a_formula_in_a_cell(cell: str) -> None:
    ((_, (found, _)),) = (read(as_csv(table(cell))),)
    assert found == f"'{cell}"
    book = CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx(table(cell))))
    assert str(book.get_sheet_by_index(0).to_python()[1][0]).strip() == cell.strip()
    assert b"<f>" not in as_xlsx(table(cell))


def test_what_is_no_formula_stays_as_it_is() -> None:
    assert read(as_csv(table("姓名", 41, None, 'a,b"c\n2'))) == [
        ["一", "二"],
        ["姓名", "x"],
        ["41", "x"],
        ["", "x"],
        ['a,b"c\n2', "x"],
    ]
    # A number is a number: its sign makes no formula of it.
    assert read(as_csv(table(-3)))[1][0] == "-3"
