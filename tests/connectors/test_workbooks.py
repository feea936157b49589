"""What stands in sheets: digits, days, formulas, merged cells, and which sheet is meant."""

import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from catalog.definition import Dataset, bundled
from connectors.sources.cells import Cell, Spoilt, text_of
from connectors.sources.errors import SheetUnknown, SourceEmpty, SourceUnclear, WorkbookBroken
from connectors.sources.headings import Wanted
from connectors.sources.intake import Intake
from connectors.sources.mapping import match_columns
from connectors.sources.opening import open_source
from connectors.sources.sheets import SheetSource
from connectors.sources.xlsx import open_xlsx

sys.path.insert(0, str(Path(__file__).parent / "vices"))

from ugly_files import CODES, ENTITY, HEADER, Book, files, number, people, person

ENTITIES = bundled()["legal_entity"]
RESIDENTS = bundled()["resident"]


def made(name: str, folder: Path) -> Path:
    path = folder / name
    files()[name](path)
    return path


def written(folder: Path, write: Callable[[Book], None], **options: bool) -> Path:
    path = folder / "made.xlsx"
    book = Book(path, **options)
    write(book)
    book.book.close()
    return path


def opened(path: Path, dataset: Dataset, sheet: str | None = None) -> SheetSource:
    source = open_source(path, dataset, {}, sheet)
    assert isinstance(source, SheetSource)
    return source


def sent(source: SheetSource, dataset: Dataset) -> list[str]:
    intake = Intake(source, match_columns(source.columns, dataset, {}))
    return b"".join(chunk.data for chunk in intake.chunks(1 << 20)).decode().splitlines()


@pytest.mark.parametrize("name", ["dates-as-serials.xlsx", "dates-from-1904.xlsx"])
def test_days_are_the_same_whatever_year_a_workbook_counts_from(name: str, tmp_path: Path) -> None:
    third = "2026-01-05" if name == "dates-as-serials.xlsx" else "2030-01-06"
    assert sent(opened(made(name, tmp_path), ENTITIES), ENTITIES) == [
        f"1,{CODES[0]},单位0,2026-01-05,存续",
        f"2,{CODES[1]},单位1,1949-10-01,存续",
        f"3,{CODES[2]},单位2,{third},存续",
    ]


def test_excel_97(tmp_path: Path) -> None:
    assert sent(opened(made("excel-97.xls", tmp_path), ENTITIES), ENTITIES) == [
        f"{row},{code},单位{row + 1},2026-01-05,存续" for row, code in enumerate(CODES, 1)
    ]


def test_merged_cells_lend_their_value_to_every_row(tmp_path: Path) -> None:
    dataset = bundled()["household"]
    lines = sent(opened(made("merged-cells.xlsx", tmp_path), dataset), dataset)
    assert [line.split(",")[1] for line in lines] == ["H0000001"] * 3 + ["H0000002"] * 2
    assert all(line.endswith("玉溪市红塔区") for line in lines)


def test_headings_below_titles_and_in_two_rows(tmp_path: Path) -> None:
    source = opened(made("titles-and-two-rows-of-headings.xlsx", tmp_path), RESIDENTS)
    assert source.columns == tuple(HEADER)
    assert (source.heading_row, source.header_row) == (5, 5)
    assert sent(source, RESIDENTS)[0] == f"1,{','.join(person(1))}"


@pytest.mark.parametrize(
    ("value", "pad", "expected"),
    [
        ("7", 0, "7"),
        ("7", 6, "000007"),
        ("0.1", 0, "0.1"),
        ("0.30000000000000004", 0, "0.3"),
        ("1E-3", 0, "0.001"),
        ("999999999999999", 0, "999999999999999"),
        ("-0", 0, "0"),
        ("1.50", 0, "1.5"),
    ],
)
def test_numbers_are_told_as_a_sheet_shows_them(value: str, pad: int, expected: str) -> None:
    item = RESIDENTS.by_code["household_no"]
    assert text_of(Cell("number", value, pad), item, from_1904=False) == expected


@pytest.mark.parametrize("value", ["1E15", "110101199001011237", "5.3040218900101E+17", "-1e15"])
def test_number_of_more_than_15_digits_is_never_guessed(value: str) -> None:
    for code in ("resident_id", "household_no", "name", "birth_date"):
        with pytest.raises(Spoilt) as spoilt:
            text_of(Cell("number", value), RESIDENTS.by_code[code], from_1904=False)
        assert spoilt.value.why == "digits-lost"


@pytest.mark.parametrize(
    ("serial", "day"),
    [
        ("1", "1900-01-01"),
        ("59", "1900-02-28"),
        ("61", "1900-03-01"),
        ("46027", "2026-01-05"),
        ("46027.5", "2026-01-05 12:00:00"),
        ("2958465", "9999-12-31"),
    ],
)
def test_day_numbers(serial: str, day: str) -> None:
    item = RESIDENTS.by_code["birth_date"]
    assert text_of(Cell("date", serial), item, from_1904=False) == day


@pytest.mark.parametrize("serial", ["60", "-1", "2958466", "1e300", "nan"])
def test_days_that_never_were(serial: str) -> None:
    with pytest.raises(Spoilt):
        text_of(Cell("date", serial), RESIDENTS.by_code["birth_date"], from_1904=False)


@pytest.mark.parametrize("value", ["20260105", "1234", "46027.5"])
def test_other_numbers_in_a_column_of_days_are_left_to_the_check(value: str) -> None:
    item = RESIDENTS.by_code["birth_date"]
    assert text_of(Cell("number", value), item, from_1904=False) == value


def test_chosen_sheet_and_one_that_is_not_there(tmp_path: Path) -> None:
    path = made("several-sheets.xlsx", tmp_path)
    assert len(sent(opened(path, RESIDENTS, "人口2"), RESIDENTS)) == 3
    assert len(sent(opened(path, RESIDENTS, "旧表"), RESIDENTS)) == 2
    with pytest.raises(SheetUnknown) as unknown:
        opened(path, RESIDENTS, "人口3")
    assert "人口2" in str(unknown.value.facts["sheets"])
    table = tmp_path / "people.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(SourceUnclear):
        open_source(table, RESIDENTS, {}, "人口")


def test_formula_without_a_saved_result_is_no_empty_cell(tmp_path: Path) -> None:
    path = made("formulas-and-errors.xlsx", tmp_path)
    bare = tmp_path / "bare.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bare, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                assert b"<v>1890-01-01</v>" in data
                data = data.replace(b"<v>1890-01-01</v>", b"")
            new.writestr(entry, data)
    source = opened(bare, RESIDENTS)
    intake = Intake(source, match_columns(source.columns, RESIDENTS, {}))
    assert list(intake.chunks(1 << 20))
    assert intake.remarked["birth_date", "no-result"] == 1
    assert intake.places("birth_date", "no-result") == [4]


def test_texts_in_runs_and_escapes(tmp_path: Path) -> None:
    def write(book: Book) -> None:
        sheet = book.sheet("Sheet1", [ENTITY, [CODES[0], "", "", "存续"]])
        sheet.write_rich_string(1, 1, "单", book.book.add_format({"bold": True}), "位", " 一")
        sheet.write_string(1, 2, "_x0041_")

    (line,) = sent(opened(written(tmp_path, write), ENTITIES), ENTITIES)
    assert line == f"1,{CODES[0]},单位 一,_x0041_,存续"


def test_own_reader_agrees_with_its_peer(tmp_path: Path) -> None:
    """``python-calamine`` reads the same cells, where it tells of them at all."""

    def write(book: Book) -> None:
        sheet = book.sheet("Sheet1", [["a", "b", "c", "d"]])
        for row in range(1, 200):
            sheet.write_number(row, 0, row * 1.25 - 100)
            day = date(1900 + row % 120, 1 + row % 12, 1 + row % 28)
            sheet.write_datetime(row, 1, day, book.day)
            sheet.write_string(row, 2 + row % 2, f"文<&>\n{row}")

    path = written(tmp_path, write)
    rows = [row for batch in open_xlsx(path).rows(range(4)) for row in batch]
    peer = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()[1:]
    assert len(rows) == len(peer) == 199
    for row, cells in zip(rows, peer, strict=True):
        assert not isinstance(row, tuple) or float(row[0] or 0) == cells[0]
        assert list(row)[1] == str(cells[1])
        assert [value or "" for value in list(row)[2:]] == cells[2:]


def test_prefixed_names_and_cells_without_references(tmp_path: Path) -> None:
    path = tmp_path / "plain.xlsx"
    space = 'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = "".join(f'<x:c t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>' for text in "ab")
    rows = (
        f'<x:row>{cells}</x:row><x:row><x:c><x:v>1</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c></x:row>'
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="a"'
        f' Type="{office}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<x:workbook {space} xmlns:r="{office}"><x:sheets>'
        '<x:sheet name="s" sheetId="1" r:id="b"/></x:sheets></x:workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="b"'
        f' Type="{office}/worksheet" Target="/xl/s.xml"/></Relationships>',
        "xl/s.xml": f"<x:worksheet {space}><x:sheetData>{rows}</x:sheetData></x:worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    source = open_xlsx(path)
    assert source.columns == ("a", "b")
    assert [row for batch in source.rows([0, 1]) for row in batch] == [("1", "true")]


def broken(kind: str, folder: Path) -> Path:
    path = made("semicolons.csv", folder).with_suffix(".xlsx")
    files()["numbers-as-ids.xlsx"](path)
    if kind == "cut-off":
        path.write_bytes(path.read_bytes()[:-200])
        return path
    if kind == "no-zip":
        path.write_bytes(b"PK\x03\x04 and nothing more")
        return path
    target = folder / "broken.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                if kind == "no-sheet":
                    continue
                changes = {
                    "open-tag": (b"</sheetData>", b""),
                    "no-such-text": (
                        b'<c r="A1" s="1" t="s"><v>0</v>',
                        b'<c r="A1" t="s"><v>999</v>',
                    ),
                    "no-such-cell": (b'r="A1"', b'r="1A"'),
                }
                old_bytes, new_bytes = changes[kind]
                assert old_bytes in data
                data = data.replace(old_bytes, new_bytes)
            new.writestr(entry, data)
    return target


@pytest.mark.parametrize(
    "kind", ["cut-off", "no-zip", "no-sheet", "open-tag", "no-such-text", "no-such-cell"]
)
def test_damaged_workbook_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(WorkbookBroken):
        open_source(broken(kind, tmp_path), RESIDENTS, {})


def test_zip_bomb_is_refused_by_what_it_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made("numbers-as-ids.xlsx", tmp_path)
    with zipfile.ZipFile(path) as archive:
        read = ("xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml")
        size = max(archive.getinfo(part).file_size for part in read)
    monkeypatch.setattr("connectors.sources.workbook.MAX_TEXTS", size)
    opened(path, RESIDENTS)
    monkeypatch.setattr("connectors.sources.workbook.MAX_TEXTS", size - 1)
    with pytest.raises(WorkbookBroken) as refused:
        opened(path, RESIDENTS)
    assert refused.value.facts["why"] == "too-large"


def test_workbook_with_a_password_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    with pytest.raises(WorkbookBroken):
        open_source(path, RESIDENTS, {})


def test_sheet_without_rows(tmp_path: Path) -> None:
    for rows in ([], [HEADER], [[], [], HEADER]):
        with pytest.raises(SourceEmpty):
            opened(
                written(tmp_path, lambda book, rows=rows: book.sheet("a", rows) and None), RESIDENTS
            )


def test_corrected_headings_are_found_below_titles(tmp_path: Path) -> None:
    rows = [["总表"], ["甲", "乙", "丙"], ["1", "2", "3"]]
    path = written(tmp_path, lambda book: book.sheet("a", rows) and None)
    assert open_xlsx(path, Wanted(RESIDENTS, {"name": "乙"})).columns == ("甲", "乙", "丙")


def test_hidden_rows_are_sent(tmp_path: Path) -> None:
    source = opened(made("hidden-and-blank-rows.xlsx", tmp_path), RESIDENTS)
    assert [line.split(",")[1] for line in sent(source, RESIDENTS)] == [
        number(order) for order in range(1, 7)
    ]
    assert people(1)
    assert xlsxwriter
