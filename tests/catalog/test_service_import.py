"""Lists of services from CSV and XLSX: every refused row is told, and nothing is half imported."""

import io
import zipfile
from collections.abc import Sequence

import pytest
import xlsxwriter
from services import BODY

from catalog.errors import MappingRefused, SheetUnreadable
from catalog.messages import LANGUAGES
from catalog.services import mapping, sheet
from catalog.services.importing import Imported, Refusal, import_services, refusal_words
from catalog.services.mapping import bundled
from catalog.services.sheet import Row, rows

CODE = f"{BODY}0000000000001"
OTHER = f"{BODY}0000000000002"
HEADINGS = [
    "实施编码",
    "事项名称",
    "实施主体编码",
    "事项类型",
    "设定依据",
    "法定办结时限",
    "承诺办结时限",
    "服务对象",
    "是否可代办",
    "材料名称",
    "材料类型",
    "材料必要性",
    "来源渠道",
    "材料份数",
    "要求提供材料的依据",
    "是否电子证照",
    "证照编码",
]
SERVICE = (CODE, "食品经营许可", BODY, "行政许可", "《食品安全法》第三十五条", "20个工作日", "10")
FIRST = (
    *SERVICE,
    "自然人;企业法人",
    "是",
    "营业执照",
    "2",
    "必要",
    "20",
    "1",
    "《食品安全法》第三十五条",
    "是",
    "11100000MB0143028R001",
)
SECOND = (
    "",
    *[""] * 8,
    "食品安全管理制度",
    "3",
    "1",
    "申请人自备",
    "",
    "《食品安全法》第三十三条",
    "",
    "",
)


def listed(*cells: Sequence[str]) -> list[Row]:
    return [Row(number, tuple(one)) for number, one in enumerate((HEADINGS, *cells), 1)]


def read(*cells: Sequence[str]) -> Imported:
    return import_services(listed(*cells), bundled()["national_guide"])


def changed(row: Sequence[str], heading: str, value: str) -> tuple[str, ...]:
    cells = list(row)
    cells[HEADINGS.index(heading)] = value
    return tuple(cells)


def csv(*cells: Sequence[str]) -> str:
    return "".join(",".join(f'"{one}"' for one in row) + "\r\n" for row in (HEADINGS, *cells))


def workbook(*cells: Sequence[str | int]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("清单")
        for number, row in enumerate((HEADINGS, *cells)):
            page.write_row(number, 0, row)
    return out.getvalue()


def test_a_list_becomes_services() -> None:
    done = read(FIRST, SECOND)
    assert done.refusals == ()
    (one,) = done.services
    assert (one.item_code, one.code) == (CODE, f"i{CODE.lower()}")
    assert (one.title_zh, one.category, one.department) == ("食品经营许可", "approval", BODY)
    assert (one.statutory_days, one.promised_days, one.agent) == (20, 10, True)
    assert one.applicants == ("person", "entity")
    licence, rules = one.materials
    assert (licence.kind, licence.necessity, licence.source) == (2, 1, 20)
    assert licence.licence_type == "11100000MB0143028R001"
    assert licence.type == "licence_11100000mb0143028r001"
    assert (rules.kind, rules.source, rules.copies, rules.e_licence) == (3, 10, 1, False)


def test_the_same_name_is_the_same_paper_in_every_service() -> None:
    other = changed(changed(SECOND, "实施编码", OTHER), "材料名称", "食品安全 管理制度")
    for heading, value in zip(HEADINGS[1:9], FIRST[1:9], strict=True):
        other = changed(other, heading, value)
    done = read(FIRST, SECOND, other)
    one, two = done.services
    assert one.materials[1].type == two.materials[0].type != one.materials[0].type


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_encoding_and_a_workbook_are_the_same(encoding: str) -> None:
    expected = read(FIRST, SECOND).services
    by_csv = import_services(rows(csv(FIRST, SECOND).encode(encoding)), bundled()["national_guide"])
    assert by_csv.services == expected
    numbers = [int(one) if one.isdecimal() and len(one) < 3 else one for one in FIRST]
    by_book = import_services(rows(workbook(numbers, SECOND)), bundled()["national_guide"])
    assert by_book.services == expected


def test_a_local_list_with_other_headings_and_codes() -> None:
    head = "事项编码,事项,部门代码,权力类型,例外领域,法律依据,法定天数,面向对象"
    head += ",申请材料,原件要求,必要性,来源,材料依据"
    row = f"{CODE},消防安全检查,{BODY},XK,AQ|SM,《消防法》第十五条,10,FR"
    row += ",消防预案,ALL,Y,SELF,《消防法》第十六条"
    done = import_services(rows(f"{head}\n{row}\n".encode()), bundled()["local_list"])
    (one,) = done.services
    assert one.excluded == ("public_safety", "life_property")
    assert (one.applicants, one.agent, one.promised_days) == (("entity",), True, 10)


@pytest.mark.parametrize(
    ("heading", "value", "why"),
    [
        ("材料名称", "法律法规规定的其他材料", "catch-all"),
        ("材料名称", "", "missing"),
        ("要求提供材料的依据", "无", "basis-missing"),
        ("要求提供材料的依据", "", "basis-missing"),
        ("材料必要性", "大概", "value-unknown"),
        ("材料类型", "", "missing"),
        ("来源渠道", "30", "value-unknown"),
        ("材料份数", "两份", "not-a-number"),
        ("证照编码", "123", "licence-type"),
        ("设定依据", "《别的法》第一条", "contradicts-row-above"),
        ("实施编码", "123", "item-code"),
    ],
)
def test_a_refused_row_is_told_and_nothing_is_imported(heading: str, value: str, why: str) -> None:
    bad = changed(SECOND, heading, value)
    done = read(FIRST, bad)
    assert done.services == ()
    assert [(one.line, one.column, one.why) for one in done.refusals] == [(3, heading, why)]
    for language in LANGUAGES:
        told = refusal_words(done.refusals[0], language)
        assert "3" in told
        assert heading in told
        assert value in told
        assert "()" not in told


def test_a_row_without_a_code_goes_on_only_if_it_does_not_name_another_service() -> None:
    assert read(FIRST, changed(SECOND, "事项名称", "食品经营许可")).services
    other = read(FIRST, changed(SECOND, "事项名称", "食品生产许可"))
    assert [(one.line, one.column, one.why) for one in other.refusals] == [
        (3, "实施编码", "missing")
    ]


def test_every_refused_row_is_told_at_once() -> None:
    done = read(
        changed(FIRST, "服务对象", "外星人"),
        changed(SECOND, "材料名称", "其他材料"),
        changed(SECOND, "材料类型", "9"),
    )
    assert [(one.line, one.column) for one in done.refusals] == [
        (2, "服务对象"),
        (3, "材料名称"),
        (4, "材料类型"),
    ]


def test_attack_one_bad_service_among_good_ones() -> None:
    """A list is imported as a whole or not at all: a half one would look complete."""
    other = changed(FIRST, "实施编码", OTHER)
    good = read(FIRST, SECOND, other)
    assert len(good.services) == 2
    assert read(FIRST, SECOND, changed(other, "材料名称", "其 他 材 料")).services == ()


def test_a_deferrable_material_of_an_excluded_category_is_refused_with_its_row() -> None:
    head = [*HEADINGS, "不适用容缺和告知承诺的情形"]
    first, second = [*FIRST, "人身健康"], [*changed(SECOND, "材料必要性", "容缺后补"), ""]
    table = [Row(1, tuple(head)), Row(2, tuple(first)), Row(5, tuple(second))]
    done = import_services(table, bundled()["national_guide"])
    assert done.refusals == (Refusal(5, "材料必要性", "category-excluded"),)


def test_columns_are_checked_before_any_row() -> None:
    table = [Row(1, tuple(HEADINGS[1:])), Row(2, FIRST[1:])]
    done = import_services(table, bundled()["national_guide"])
    assert done.refusals == (Refusal(1, "实施编码", "column-missing"),)
    twice = [Row(1, (*HEADINGS, "事项实施编码", "备注"))]
    done = import_services(twice, bundled()["national_guide"])
    assert done.refusals == (Refusal(1, "事项实施编码", "column-twice"),)
    assert done.ignored == ("备注",)


def test_a_cell_beyond_the_headings_refuses_its_row() -> None:
    done = read((*FIRST, "多余"))
    assert [(one.line, one.why) for one in done.refusals] == [(2, "row-too-long")]


def test_lines_are_those_of_the_file() -> None:
    text = csv(changed(FIRST, "材料名称", "营业\r\n执照")) + "\r\n\r\n"
    text += ",".join(f'"{one}"' for one in changed(SECOND, "材料类型", "9")) + "\r\n"
    done = import_services(rows(text.encode()), bundled()["national_guide"])
    assert [one.line for one in done.refusals] == [6]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b" , ,\r\n", "empty"),
        (b"\xff\xff\xff", "encoding"),
        (b"a\0b", "encoding"),
        (b'a,"b', "quote-open"),
        (b"PK\x03\x04 and nothing more", "not-a-workbook"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(SheetUnreadable) as told:
        rows(data)
    assert told.value.facts == {"why": why}


def test_attack_a_workbook_that_unpacks_into_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"\0" * 2_000_000)
    monkeypatch.setattr(sheet, "UNPACKED", 1_000_000)
    with pytest.raises(SheetUnreadable) as told:
        rows(bomb.getvalue())
    assert told.value.facts == {"why": "too-large"}
    monkeypatch.setattr(sheet, "LARGEST", 10)
    with pytest.raises(SheetUnreadable):
        rows(b"a" * 11)


def test_a_sheet_by_its_name() -> None:
    assert rows(workbook(FIRST), sheet="清单")[0].cells[0] == "实施编码"
    with pytest.raises(SheetUnreadable):
        rows(workbook(FIRST), sheet="别的")


SOUND = """
code = "m"
title_zh = "表"
title_en = "Table"
[columns]
item_code = ["a"]
title = ["b"]
department = ["c"]
service_basis = ["d"]
statutory_days = ["e"]
material = ["f"]
basis = ["g"]
[defaults]
kind = "1"
necessity = "1"
source = "10"
category = "approval"
applicants = "person"
"""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('title = ["b"]', 'title = ["A"]', "heading-twice"),
        ('material = ["f"]\n', "", "element-missing"),
        ('kind = "1"', 'kind = "4"', "value-unknown"),
        ("[defaults]", "[values.title]\nx = '1'\n[defaults]", "not-coded"),
        ("[defaults]", "[values.kind]\nx = '9'\n[defaults]", "value-unknown"),
        ('code = "m"', 'code = "m"\ncolour = 1', "extra-forbidden"),
        ("[columns]", "[columns]\ncolour = ['x']", "literal-error"),
    ],
)
def test_a_mapping_is_read_strictly(old: str, new: str, why: str) -> None:
    assert mapping.load(SOUND.encode()).code == "m"
    with pytest.raises(MappingRefused) as told:
        mapping.load(SOUND.replace(old, new, 1).encode(), "m.toml")
    assert why in {fault.why for fault in told.value.faults}
