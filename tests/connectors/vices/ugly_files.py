# ruff: noqa: DTZ001, S608 sheets know no zones; the queries are written here
"""Thirty-odd files as they come out of offices, each with the one vice that it is named for.

    python tests/connectors/vices/ugly_files.py FOLDER

``table.toml`` beside this file says what becomes of each. All people are invented and were born in
1890; the credit codes are those of public bodies.
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
import xlsxwriter
import xlwt

from catalog.identifiers.resident import check_character

HEADER = ["公民身份号码", "姓名", "性别", "出生日期", "人员状态", "户号", "民族"]
ENTITY = ["统一社会信用代码", "企业名称", "注册日期", "登记状态"]
HOUSEHOLD = [
    "户号",
    "成员公民身份号码",
    "成员姓名",
    "与户主关系",
    "户主公民身份号码",
    "户主姓名",
    "住址",
]
CODES = ["11100000MB0143028R", "11100000000013127D", "11100000MB03271699"]
NAMES = ("张一", "王二", "李三", "赵四", "陈五", "杨六", "周七", "吴八", "郑九", "孙十")
Row = list[str]
File = Callable[[Path], None]


def number(order: int) -> str:
    """The number of an invented person."""
    body = f"53040218900101{order:03d}"
    return body + check_character(body)


def person(order: int) -> Row:
    """A sound row of ``resident``."""
    sex = "男" if order % 2 else "女"
    return [number(order), NAMES[order % 10], sex, "1890-01-01", "正常", f"H{order:07d}", "汉族"]


def people(count: int = 6) -> list[Row]:
    return [person(order) for order in range(1, count + 1)]


def member(order: int, household: str, relation: str) -> Row:
    """A sound row of ``household``."""
    return [household, number(order), NAMES[order], relation, number(1), NAMES[1], "玉溪市红塔区"]


def text(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def coded(data: str, encoding: str = "utf-8") -> File:
    return lambda path: path.write_bytes(data.encode(encoding)) and None


def raw(data: bytes) -> File:
    return lambda path: path.write_bytes(data) and None


def changed(rows: list[Row], *changes: tuple[int, int, str]) -> list[Row]:
    """``rows`` with other values at (row, column)."""
    for row, column, value in changes:
        rows[row][column] = value
    return rows


def csv_files() -> dict[str, File]:
    sound = [HEADER, *people()]
    rare = changed(people(), (0, 1, "𠮷田龘"), (1, 1, "买买提·䶮㑇"))
    ragged = text(sound).split("\r\n")
    ragged[2] += ",多一列"
    ragged[4] = ragged[4].rpartition(",")[0].rpartition(",")[0]
    control = changed(people(), (0, 1, "张\x00一"), (2, 1, "李\x07三"), (3, 0, number(4) + "\x00"))
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    x = next(order for order in range(1, 200) if number(order).endswith("X"))
    messy = changed(
        people(5),
        (0, 0, number(1).translate(wide)),
        (1, 0, f" {number(2)[:6]} {number(2)[6:14]} {number(2)[14:]}\u3000"),
        (2, 0, number(x).replace("X", "x")),
        (3, 0, number(x + 1).translate(wide) + "\u200b"),
        (4, 0, number(5)[:-1] + "-" + number(5)[-1]),
        (4, 1, " 杨六 "),
    )
    days = ["1890/1/1", "1890年1月1日", "18900101", "1890.01.01", "１８９０-01-01", "1890-02-30"]
    dates = changed(people(), *((at, 3, day) for at, day in enumerate(days)))
    bodies = [[code, f"单位{at}", "1949-10-01", "存续"] for at, code in enumerate(CODES)]
    hyphened = changed(
        [*bodies, [CODES[0], "单位三", "1949-10-01", "存续"]],
        (0, 0, f"{CODES[0][:8]}-{CODES[0][8:17]}-{CODES[0][17]}"),
        (1, 0, CODES[1][:8] + "－" + CODES[1][8:].lower()),
        (3, 0, CODES[0][:8] + "-" + CODES[0][8:17] + "0"),
    )
    scientific = changed(people(), (1, 0, "5.30402E+17"), (2, 0, "5.3E+17"), (4, 1, "#N/A"))
    zeros = changed(people(), *((at, 6, "1") for at in (0, 2, 4)), (5, 6, "777"))
    broken = bytearray(text(sound).encode())
    broken[broken.index("赵四".encode()) + 1] = 0x2C
    table = text(sound, "\t").encode("gb18030")
    return {
        "utf-8-with-mark.csv": coded("\ufeff" + text(sound)),
        "gb18030.csv": coded(text(sound), "gb18030"),
        "gb18030-with-mark.csv": coded("\ufeff" + text(sound), "gb18030"),
        "gb18030-of-four-bytes.csv": coded(text([HEADER, *rare]), "gb18030"),
        "utf-16-of-excel.txt": coded("\ufeff" + text(sound, "\t"), "utf-16-le"),
        "utf-16-big-endian.csv": coded("\ufeff" + text(sound), "utf-16-be"),
        "semicolons.csv": coded(text(sound, ";")),
        "pipes-and-quotes.csv": coded(
            text([HEADER, *changed(people(), (0, 1, '张"一"|'), (1, 1, "王,二"))], "|")
        ),
        "full-width-commas.csv": coded(text(sound, "，", "\n")),
        "carriage-returns.csv": coded(text(sound, ",", "\r")),
        "mixed-line-ends.csv": coded(
            text(sound[:3]) + text(sound[3:5], ",", "\n") + text(sound[5:], ",", "\r")
        ),
        "line-ends-in-quotes.csv": coded(
            text([HEADER, *changed(people(), (0, 1, "张\n一"), (1, 1, "王\r\n二"))])
        ),
        "ragged-rows.csv": coded("\r\n".join(ragged)),
        "delimiters-at-the-ends.csv": coded(text([HEADER, *([*row, "", ""] for row in people())])),
        "titles-above.csv": coded(
            text([["人口基础信息表"], [], ["填报单位：某局", "", "2026年1月"], HEADER, *people()])
        ),
        "nul-and-control.csv": coded(text([HEADER, *control])),
        "blank-rows-at-the-end.csv": coded(text(sound) + ",,,,,,\r\n" * 500 + "\r\n"),
        "scientific-numbers.csv": coded(text([HEADER, *scientific])),
        "zeros-lost.csv": coded(text([HEADER, *zeros])),
        "messy-identifiers.csv": coded(text([HEADER, *messy])),
        "hyphened-credit-codes.csv": coded(text([ENTITY, *hyphened])),
        "dates-of-all-kinds.csv": coded(text([HEADER, *dates])),
        "utf-8-with-a-broken-byte.csv": raw(bytes(broken)),
        "gb18030-with-a-broken-byte.csv": raw(
            text(sound).encode("gb18030").replace("赵四".encode("gb18030"), b"\xd5\xff\xcb\xc4")
        ),
        "cut-off-in-a-row.csv": raw(text(sound).encode()[:-25]),
        "cut-off-in-quotes.csv": coded(text(sound) + f'{number(7)},"周七'),
        "text-called.xls": raw(table),
        "web-page-called.xls": coded("<html><table><tr><td>公民身份号码</td></tr></table></html>"),
    }


class Book:
    """A workbook that is being written, with the formats that the vices need."""

    def __init__(self, path: Path, **options: bool) -> None:
        self.book = xlsxwriter.Workbook(path, options)
        self.text = self.book.add_format({"num_format": "@"})
        self.day = self.book.add_format({"num_format": "yyyy/m/d"})
        self.chinese_day = self.book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        self.month_day = self.book.add_format({"num_format": 'm"月"d"日"'})
        self.padded = self.book.add_format({"num_format": "00000000"})

    def sheet(
        self, name: str, rows: Sequence[Sequence[str]] = (), at: int = 0
    ) -> "xlsxwriter.worksheet.Worksheet":
        sheet = self.book.add_worksheet(name)
        for row, cells in enumerate(rows, at):
            for column, cell in enumerate(cells):
                sheet.write_string(row, column, cell, self.text)
        return sheet


def workbook(write: Callable[[Book], None], **options: bool) -> File:
    def make(path: Path) -> None:
        book = Book(path, **options)
        write(book)
        book.book.close()

    return make


def numbers_as_ids(book: Book) -> None:
    sheet = book.sheet("Sheet1", [HEADER, *people()])
    sheet.write_number(1, 0, int(number(1)[:17]) * 10)
    sheet.write_number(3, 0, 5.3040218900101e17)
    sheet.write_number(5, 5, 1234567)


def titles_and_two_rows_of_headings(book: Book) -> None:
    sheet = book.sheet("人口", people(), at=5)
    sheet.merge_range(0, 0, 0, 6, "人口基础信息表")
    sheet.write_string(2, 0, "填报单位：某局")
    for column in (0, 1, 5, 6):
        sheet.merge_range(3, column, 4, column, HEADER[column])
    sheet.merge_range(3, 2, 3, 4, "基本情况")
    for column in (2, 3, 4):
        sheet.write_string(4, column, HEADER[column])


def merged_cells(book: Book) -> None:
    rows = [member(1, "H0000001", "户主"), member(2, "", "配偶"), member(3, "", "子")]
    rows += [member(4, "H0000002", "户主"), member(5, "", "女")]
    sheet = book.sheet("户", [HOUSEHOLD, *rows])
    for first, last, household in ((1, 3, "H0000001"), (4, 5, "H0000002")):
        sheet.merge_range(first, 0, last, 0, household, book.text)
        sheet.merge_range(first, 6, last, 6, "玉溪市红塔区", book.text)


def dates_as_serials(book: Book) -> None:
    rows = [[code, f"单位{at}", "", "存续"] for at, code in enumerate(CODES)]
    sheet = book.sheet("单位", [ENTITY, *rows])
    sheet.write_datetime(1, 2, datetime(2026, 1, 5), book.day)
    sheet.write_datetime(2, 2, datetime(1949, 10, 1), book.chinese_day)
    sheet.write_number(3, 2, 46027)


def texts_turned_into_dates(book: Book) -> None:
    sheet = book.sheet("Sheet1", [HEADER, *people()])
    sheet.write_datetime(2, 5, datetime(2026, 3, 5), book.month_day)
    sheet.write_datetime(4, 1, datetime(2026, 1, 1), book.day)


def formulas_and_errors(book: Book) -> None:
    sheet = book.sheet("Sheet1", [HEADER, *people()])
    sheet.write_formula(1, 1, '="张"&"一"', book.text, "张一")
    sheet.write_formula(2, 1, "=VLOOKUP(1,A:B,2,0)", None, "#N/A")
    sheet.write_formula(3, 3, "=DATE(1890,1,1)", None, "1890-01-01")
    sheet.write_formula(5, 2, "=1/0", None, "#DIV/0!")


def hidden_and_blank_rows(book: Book) -> None:
    sheet = book.sheet("Sheet1", [HEADER, *people(3)])
    for row, cells in enumerate(people(6)[3:], 6):
        sheet.write_row(row, 0, cells, book.text)
    for row in (2, 7):
        sheet.set_row(row, None, None, {"hidden": True})
    for row in range(20, 400):
        sheet.write_blank(row, 0, None, book.text)
    sheet.write_string(300, 3, "   ")


def several_sheets(book: Book) -> None:
    book.sheet("说明", [["本表由各单位填报"], ["姓名", "请填全名"]])
    book.sheet("旧表", [HEADER, *people(2)]).hide()
    book.sheet("人口", [HEADER, *people()])
    book.sheet("人口2", [HEADER, *people(3)])


def no_sheet_that_fits(book: Book) -> None:
    book.sheet("甲", [["一", "二"], ["1", "2"]])
    book.sheet("乙", [["三", "四"], ["1", "2"]])


def zeros_by_format(book: Book) -> None:
    sheet = book.sheet("Sheet1", [HEADER, *people()])
    for row in range(1, 7):
        sheet.write_number(row, 5, row * 11, book.padded)
    sheet.write_number(6, 6, 1)


def tampered(path: Path) -> None:
    """A workbook whose sheet declares a document type, as attacks with entities do."""
    import zipfile  # noqa: PLC0415 used here alone

    sound = path.with_name("sound.part")
    workbook(lambda book: book.sheet("Sheet1", [HEADER, *people()]) and None)(sound)
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                declaration, _, rest = data.partition(b"?>")
                data = declaration + b'?><!DOCTYPE x [<!ENTITY a "b">]>' + rest
            new.writestr(entry.filename, data)
    sound.unlink()


def old_excel(path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("单位")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    sheet.write_merge(0, 0, 0, 3, "单位名录")
    for column, name in enumerate(ENTITY):
        sheet.write(1, column, name)
    for row, code in enumerate(CODES, 2):
        sheet.write(row, 0, code)
        sheet.write(row, 1, f"单位{row}")
        sheet.write(row, 2, date(2026, 1, 5), day)
    sheet.write_merge(2, 4, 3, 3, "存续")
    book.save(str(path))


def parquet(query: str) -> File:
    def make(path: Path) -> None:
        with duckdb.connect(":memory:") as database:
            database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")

    return make


def sheet_files() -> dict[str, File]:
    return {
        "numbers-as-ids.xlsx": workbook(numbers_as_ids),
        "titles-and-two-rows-of-headings.xlsx": workbook(titles_and_two_rows_of_headings),
        "merged-cells.xlsx": workbook(merged_cells),
        "dates-as-serials.xlsx": workbook(dates_as_serials),
        "dates-from-1904.xlsx": workbook(dates_as_serials, date_1904=True),
        "texts-turned-into-dates.xlsx": workbook(texts_turned_into_dates),
        "formulas-and-errors.xlsx": workbook(formulas_and_errors),
        "hidden-and-blank-rows.xlsx": workbook(hidden_and_blank_rows),
        "several-sheets.xlsx": workbook(several_sheets),
        "no-sheet-that-fits.xlsx": workbook(no_sheet_that_fits),
        "zeros-by-format.xlsx": workbook(zeros_by_format),
        "document-type.xlsx": tampered,
        "excel-97.xls": old_excel,
    }


def other_files() -> dict[str, File]:
    digits = [order for order in range(1, 40) if number(order).isdigit()][:4]
    rows = ", ".join(
        f"({number(order)}, '{NAMES[order % 10]}', 1, DATE '1890-01-01', 1)" for order in digits
    )
    columns = "people(resident_id, name, sex, birth_date, status)"
    lines = [
        f'{{"resident_id": {number(order)}, "name": "{NAMES[order % 10]}", "sex": 1,'
        ' "birth_date": "1890-01-01", "status": "1", "former_name": null}'
        for order in digits
    ]
    exact = (
        "SELECT CAST(resident_id AS BIGINT) AS resident_id, name, CAST(sex AS TINYINT) AS sex,"
        " CAST(birth_date AS TIMESTAMP) AS birth_date, CAST(status AS UTINYINT) AS status"
        f" FROM (VALUES {rows}) {columns}"
    )
    gaps = (
        "SELECT CAST(resident_id AS VARCHAR) AS resident_id, name, CAST(sex AS DOUBLE) AS sex,"
        " birth_date, CAST(status AS DOUBLE) AS status"
        f" FROM (VALUES {rows}, ({number(8)}, '吴八', 2, DATE '1890-01-01', NULL)) {columns}"
    )
    lost = (
        "SELECT CAST(resident_id AS DOUBLE) AS resident_id, name, sex, birth_date, status"
        f" FROM (VALUES {rows}) {columns}"
    )
    return {
        "whole-numbers.parquet": parquet(exact),
        "floats-for-gaps.parquet": parquet(gaps),
        "floats-for-ids.parquet": parquet(lost),
        "numbers-as-ids.ndjson": coded("\n".join(lines) + "\n\n"),
        "key-twice.ndjson": coded("\n".join([*lines[:2], lines[2][:-1] + ', "name": "x"}'])),
        "values-in-values.ndjson": coded("\n".join([lines[0], json.dumps({"name": ["张一"]})])),
    }


def files() -> dict[str, File]:
    """Every file by name."""
    return {**csv_files(), **sheet_files(), **other_files()}


def write(folder: Path) -> None:
    """Write all of them."""
    for name, make in files().items():
        make(folder / name)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
