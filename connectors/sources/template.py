"""An empty workbook for a dataset: headings, code lists as drop-downs, and what each item is.

Columns of identifiers, texts and codes have the format of texts, so that a sheet keeps every digit
and every leading zero of what is typed or pasted there.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from catalog.definition import Dataset, Item
from catalog.identifiers.normalise import SPACES
from catalog.messages import Language, text
from connectors.sources.errors import TargetExists

LAST_ROW = 1_048_575
"""The last row of a sheet, from 0."""
_TEXT_FORMAT = 49
"""``@`` by its number (ISO/IEC 29500-1, §18.8.30); written out it would be one of our own."""
_DAY_FORMAT = "yyyy-mm-dd"
_NARROW, _WIDE, _WIDEST = 14, 24, 60
_EXPLAINED = ("title", "code", "type", "required", "rule", "headings")
Mark = Literal["yes", "no"]


def write_template(path: Path, dataset: Dataset, language: Language, *, now: int) -> None:
    """Write the workbook; ``now`` (milliseconds) is its date. Raises ``TargetExists``."""
    if path.exists():
        raise TargetExists(file=path.name)
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        made = datetime.fromtimestamp(now // 1000, UTC)
        book.set_properties({"title": _title(dataset, language), "created": made})
        rows = book.add_worksheet(_sheet(dataset.title_zh))
        explained = book.add_worksheet(text("connector.template.explained", language))
        lists = book.add_worksheet(text("connector.template.lists", language))
        places = _write_lists(lists, dataset, book.add_format({"bold": True}))
        _write_rows(book, rows, dataset, language, places, lists.get_name())
        _write_explained(book, explained, dataset, language)
        rows.activate()


def _title(thing: Dataset | Item, language: Language) -> str:
    return thing.title_zh if language == "zh" else thing.title_en


def _sheet(title: str) -> str:
    """A name that a sheet may have: at most 31 characters, and some characters not."""
    return "".join(each for each in title if each not in "[]:*?/\\'")[:31].strip(SPACES)


def _write_lists(sheet: Worksheet, dataset: Dataset, bold: Format) -> dict[str, tuple[int, int]]:
    """Each code list as a column of titles and one of codes; column and length by item."""
    places: dict[str, tuple[int, int]] = {}
    column = 0
    for item in dataset.items:
        if item.codes:
            sheet.write_string(0, column, item.title_zh, bold)
            sheet.write_string(0, column + 1, item.code, bold)
            for row, (code, label) in enumerate(item.codes.items(), 1):
                sheet.write_string(row, column, label.zh)
                sheet.write_string(row, column + 1, code)
            places[item.code] = (column, len(item.codes))
            column += 2
    sheet.set_column(0, max(column - 1, 0), _WIDE)
    sheet.freeze_panes(1, 0)
    return places


def _write_rows(
    book: xlsxwriter.Workbook,
    sheet: Worksheet,
    dataset: Dataset,
    language: Language,
    places: dict[str, tuple[int, int]],
    lists: str,
) -> None:
    plain = book.add_format({})
    as_text = book.add_format({"num_format": _TEXT_FORMAT})
    as_day = book.add_format({"num_format": _DAY_FORMAT})
    head = {"bold": True, "text_wrap": True, "bottom": 1, "num_format": _TEXT_FORMAT}
    required = book.add_format({**head, "bg_color": "#FFE699"})
    optional = book.add_format({**head, "bg_color": "#E7E6E6"})
    for column, item in enumerate(dataset.items):
        sheet.write_string(0, column, item.title_zh, required if item.required else optional)
        style = {"date": as_day, "integer": plain, "decimal": plain}.get(item.type, as_text)
        sheet.set_column(column, column, _WIDE if item.kinds else _NARROW, style)
        if item.code in places:
            at, length = places[item.code]
            name = xlsxwriter.utility.xl_range_abs(1, at, length, at)
            sheet.data_validation(
                1,
                column,
                LAST_ROW,
                column,
                {
                    "validate": "list",
                    "source": f"='{lists}'!{name}",
                    "error_title": _title(item, language)[:32],
                    "error_message": text("connector.template.choose", language),
                },
            )
    sheet.freeze_panes(1, 0)


def _write_explained(
    book: xlsxwriter.Workbook, sheet: Worksheet, dataset: Dataset, language: Language
) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, _title(dataset, language), book.add_format({"bold": True}))
    sheet.write_string(1, 0, text("connector.template.how", language))
    for column, name in enumerate(_EXPLAINED):
        sheet.write_string(3, column, text(f"connector.template.{name}", language), bold)
    for row, item in enumerate(dataset.items, 4):
        mark: Mark = "yes" if item.required else "no"
        told = (
            f"{item.title_zh}\n{item.title_en}",
            item.code,
            text(f"connector.template.type.{item.type.partition(':')[0]}", language),
            text(f"connector.template.{mark}", language),
            _rule(item, language),
            "\n".join(each for each in (item.standard, *item.aliases) if each),
        )
        for column, each in enumerate(told):
            sheet.write_string(row, column, each, wrapped)
    sheet.set_column(0, 3, _WIDE)
    sheet.set_column(4, 5, _WIDEST)
    sheet.freeze_panes(4, 0)


def _rule(item: Item, language: Language) -> str:
    """What a value of an item must be."""
    if item.kinds:
        names = (text(f"connector.template.kind.{kind}", language) for kind in item.kinds)
        return " / ".join(names)
    if item.pattern is not None:
        return item.pattern
    if item.codes:
        return "; ".join(
            f"{code} {label.zh if language == 'zh' else label.en}"
            for code, label in item.codes.items()
        )
    return ""
