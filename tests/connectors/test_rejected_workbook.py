"""Errors come back as the same workbook with one more column; the rest of it is as it was."""

import stat
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import python_calamine

from catalog.definition import bundled
from connectors.sources.errors import SourceChanged, WorkbookBroken
from connectors.sources.opening import open_source
from connectors.sources.rejected import Rejection
from connectors.sources.rejected_workbook import write_rejected_workbook
from connectors.sources.sheet_patch import patched
from connectors.sources.sheets import SheetSource
from connectors.sources.xlsx_rows import SheetReader

sys.path.insert(0, str(Path(__file__).parent / "vices"))

from ugly_files import HEADER, Book, files, people

RESIDENTS = bundled()["resident"]
HEADING = "检查结果"


def opened(path: Path) -> tuple[SheetSource, str]:
    source = open_source(path, RESIDENTS, {})
    assert isinstance(source, SheetSource)
    assert isinstance(source.reader, SheetReader)
    return source, source.reader.part


def rejected(path: Path, rejections: Sequence[Rejection]) -> Path:
    source, part = opened(path)
    return write_rejected_workbook(
        source, part, rejections, HEADING, lambda one: f"{one.item}<{one.reason}>"
    )


def cells(path: Path) -> list[list[object]]:
    return (
        python_calamine.load_workbook(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    )


def made(folder: Path, name: str = "hidden-and-blank-rows.xlsx") -> Path:
    path = folder / name
    files()[name](path)
    return path


FOUND = [Rejection(2, "name", "form"), Rejection(2, "sex", "code"), Rejection(4, "", "columns")]


def test_the_workbook_has_one_more_column_and_nothing_else_has_changed(tmp_path: Path) -> None:
    path = made(tmp_path)
    before = cells(path)
    after = cells(rejected(path, FOUND))
    assert [row[: len(HEADER)] for row in after] == before
    told = {number: row[len(HEADER)] for number, row in enumerate(after, 1) if row[len(HEADER)]}
    # Blank rows stand between the third row and the fourth.
    assert told == {1: HEADING, 3: "name<form>；sex<code>", 7: "<columns>"}


def test_every_other_part_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    path = made(tmp_path)
    after = rejected(path, FOUND)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(after) as new:
        assert old.namelist() == new.namelist()
        for name in old.namelist():
            assert (old.read(name) == new.read(name)) == (name != "xl/worksheets/sheet1.xml")


def test_it_is_for_its_owner_alone_and_nothing_is_left_over(tmp_path: Path) -> None:
    after = rejected(made(tmp_path), FOUND)
    assert after.name == "hidden-and-blank-rows.rejected.xlsx"
    assert stat.S_IMODE(after.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "hidden-and-blank-rows.rejected.xlsx",
        "hidden-and-blank-rows.xlsx",
    ]


def test_what_was_corrected_is_published_again_and_told_anew(tmp_path: Path) -> None:
    first = rejected(made(tmp_path), FOUND)
    source, _ = opened(first)
    assert source.columns == (*HEADER, HEADING)
    second = cells(rejected(first, [Rejection(5, "name", "form")]))
    told = {number: row[len(HEADER)] for number, row in enumerate(second, 1) if row[len(HEADER)]}
    assert told == {1: HEADING, 8: "name<form>"}
    assert {len(row) for row in second} == {len(HEADER) + 1}


def test_notes_beside_the_table_stay(tmp_path: Path) -> None:
    path = tmp_path / "notes.xlsx"
    book = Book(path)
    sheet = book.sheet("a", [HEADER, *people(3)])
    sheet.write_string(2, len(HEADER) + 1, "旁注")
    book.book.close()
    after = cells(rejected(path, [Rejection(2, "name", "form"), Rejection(3, "name", "form")]))
    assert [row[len(HEADER) :] for row in after] == [
        ["", "", HEADING],
        ["", "", ""],
        ["", "旁注", "name<form>"],
        ["", "", "name<form>"],
    ]


def test_lists_formats_and_formulas_stay(tmp_path: Path) -> None:
    path = tmp_path / "listed.xlsx"
    book = Book(path)
    sheet = book.sheet("a", [HEADER, *people(3)])
    sheet.data_validation(1, 2, 10, 2, {"validate": "list", "source": ["男", "女"]})
    sheet.write_formula(1, 1, '="张"&"一"', None, "张一")
    book.book.close()
    after = rejected(path, [Rejection(1, "name", "form")])
    with zipfile.ZipFile(after) as archive:
        data = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<dataValidation " in data
    assert "<f>" in data
    # A row that says how far it goes would now say it wrongly.
    assert 'spans="1:7"' in data.partition("<sheetData>")[2].partition("</row>")[2]
    first = data.partition('<row r="2"')[2].partition(">")[0]
    assert "spans" not in first


def test_workbook_that_changes_meanwhile_is_not_written(tmp_path: Path) -> None:
    path = made(tmp_path)
    source, part = opened(path)
    files()["numbers-as-ids.xlsx"](path)
    with pytest.raises((SourceChanged, WorkbookBroken)):
        write_rejected_workbook(source, part, FOUND, HEADING, lambda one: one.item)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


SHEET = (
    b'<?xml version="1.0"?><worksheet><sheetData><row r="1" spans="1:3" s="1"><c r="A1"/>'
    b'<c r="C1"><v>1</v></c></row>\n<row r="2"><c r="A2"><v>2</v></c><c r="B2" t="s"><v>3</v></c>'
    b'<c r="C2"/></row><row r="3"/><row r="4"><c r="B4"/></row></sheetData>'
    b'<x a="&lt;"/></worksheet>'
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_cells_are_put_where_they_belong_however_the_bytes_come(size: int) -> None:
    pieces = [SHEET[at : at + size] for at in range(0, len(SHEET), size)]
    told = {1: "a&b", 2: "c"}
    after = b"".join(patched(pieces, "x", told, 1)).decode()
    cell = '<c r="B{}" t="inlineStr"><is><t>{}</t></is></c>'
    assert after == (
        '<?xml version="1.0"?><worksheet><sheetData><row r="1" s="1"><c r="A1"/>'
        + cell.format(1, "a&amp;b")
        + '<c r="C1"><v>1</v></c></row>\n<row r="2"><c r="A2"><v>2</v></c>'
        + cell.format(2, "c")
        + '<c r="C2"/></row><row r="3"/><row r="4"></row></sheetData><x a="&lt;"/></worksheet>'
    )


def test_nothing_to_tell_changes_nothing() -> None:
    assert b"".join(patched([SHEET], "x", {}, 9)) == SHEET


def test_wide_encodings_are_refused_and_not_mixed() -> None:
    with pytest.raises(WorkbookBroken):
        list(patched([SHEET.decode().encode("utf-16")], "x", {1: "a"}, 1))
