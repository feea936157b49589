"""The whole catalogue as a workbook: a sheet of entries and a sheet of items, there and back.

Headings are the keys of the definition. What is no single value (lists, code lists, rules) stands
in its cell as JSON. A definition that comes out of a workbook is written anew, so it says the same
as before, and not byte for byte.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeAlias

import python_calamine as calamine
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from catalog.definition import Dataset
from catalog.errors import DefinitionRefused
from catalog.item import Item
from hub.catalogue.files import NEXT, EntryFile, read_file, toml_value

ENTRIES, ITEMS = "entries", "items"
"""The two sheets."""
_ASSESSED = ("secrecy", "privacy")
_ON_RECORD = ("result", "reference", "day")
_HEAD = (
    "file",
    "entry.state",
    "entry.provider",
    *(f"entry.{name}.{member}" for name in _ASSESSED for member in _ON_RECORD),
    "entry.approval",
)
_ENTRY_KEYS = (*_HEAD, *(name for name in Dataset.model_fields if name != "items"))
_ITEM_KEYS = ("file", *Item.model_fields)
_LONGEST = 32_767
"""Characters that a cell holds."""
_ITEM_PLACE = re.compile(r"items\[(?P<code>[^\]]*)\]\.?(?P<key>[a-z_]*)")
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
"""The date of every workbook, so that the same catalogue makes the same file."""

_Row: TypeAlias = "dict[str, object]"


def write_workbook(path: Path, files: Mapping[str, bytes]) -> None:
    """Write files of entries, by name, as one workbook; raises ``DefinitionRefused``."""
    entries: list[_Row] = []
    items: list[_Row] = []
    for name, data in sorted(files.items()):
        table = tomllib.loads(data.decode("utf-8"))
        row: _Row = {"file": name}
        row |= _flat(table.pop("entry"))
        listed = table.pop("items")
        entries.append(row | table)
        items += [{"file": name, **item} for item in listed]
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE})
        bold = book.add_format({"bold": True})
        for title, keys, rows in ((ENTRIES, _ENTRY_KEYS, entries), (ITEMS, _ITEM_KEYS, items)):
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 1)
            for column, key in enumerate(keys):
                sheet.write_string(0, column, key, bold)
            for number, row in enumerate(rows, 1):
                for column, key in enumerate(keys):
                    if key in row:
                        text = _cell(row[key])
                        if len(text) > _LONGEST:
                            raise _refused(path, title, number, column, "cell-too-long")
                        # As text, so that no digit is lost and nothing becomes a formula.
                        sheet.write_string(number, column, text)


def read_workbook(path: Path) -> dict[str, bytes]:
    """The files of entries in a workbook, by name.

    Raises ``DefinitionRefused`` that names sheet, row and column.
    """
    entries = _read(path, ENTRIES, _ENTRY_KEYS)
    items = _read(path, ITEMS, _ITEM_KEYS)
    files: dict[str, bytes] = {}
    for number, row in entries:
        name = row.get("file", "")
        if not re.fullmatch(r"[a-z][a-z0-9_]*(?:\.next)?\.toml", name) or name in files:
            raise _refused(path, ENTRIES, number, 0, "file")
        own = [(at, item) for at, item in items if item.get("file") == name]
        data = _file(path, number, row, own)
        try:
            found = read_file(data, name)
            _require_own_name(found, name)
        except DefinitionRefused as error:
            raise _placed(error, path, number, own) from error
        files[name] = data
    for number, row in items:
        if row.get("file") not in files:
            raise _refused(path, ITEMS, number, 0, "file")
    return files


def _require_own_name(found: EntryFile, name: str) -> None:
    if name.removesuffix(".toml").removesuffix(NEXT) != found.code:
        raise DefinitionRefused(file=name, place="code", why="file")


def _flat(head: Mapping[str, object]) -> _Row:
    row: _Row = {}
    for name, value in head.items():
        if isinstance(value, dict):
            row |= {f"entry.{name}.{member}": one for member, one in value.items()}
        else:
            row[f"entry.{name}"] = value
    return row


def _file(
    path: Path, number: int, row: Mapping[str, str], items: Sequence[tuple[int, dict[str, str]]]
) -> bytes:
    lines = [
        f"entry.{name} = {toml_value(row[f'entry.{name}'])}"
        for name in ("state", "provider", "approval")
        if row.get(f"entry.{name}")
    ]
    for name in _ASSESSED:
        given = {one: row.get(f"entry.{name}.{one}", "") for one in _ON_RECORD}
        if any(given.values()):
            lines.append(f"entry.{name} = {toml_value({k: v for k, v in given.items() if v})}")
    lines.append("")
    for key in _ENTRY_KEYS[len(_HEAD) :]:
        if row.get(key):
            value = _value(path, ENTRIES, number, _ENTRY_KEYS.index(key), row[key])
            lines.append(f"{key} = {toml_value(value)}")
    for at, item in items:
        lines += ["", "[[items]]"]
        for place, key in enumerate(_ITEM_KEYS[1:], 1):
            if item.get(key):
                value = _value(path, ITEMS, at, place, item[key])
                lines.append(f"{key} = {toml_value(value)}")
    return "\n".join((*lines, "")).encode()


_JSON_KEYS = frozenset(
    {
        "aliases",
        "codes",
        "cycle",
        "empty",
        "format",
        "level",
        "methods",
        "quality",
        "required",
        "row_key",
        "rules",
        "sensitivity",
        "sharing",
    }
)
"""What is written as JSON; ``subject`` may be either, all else is text."""


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _value(path: Path, sheet: str, number: int, column: int, text: str) -> object:
    key = (_ENTRY_KEYS if sheet == ENTRIES else _ITEM_KEYS)[column]
    if key not in _JSON_KEYS and not (key == "subject" and text.startswith("{")):
        return text
    try:
        value: object = json.loads(text.lower() if text in {"TRUE", "FALSE"} else text)
    except ValueError as error:
        raise _refused(path, sheet, number, column, "not-json") from error
    return value


def _read(path: Path, title: str, keys: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Rows by key with their number from 0; blank ones are left out."""
    try:
        with calamine.load_workbook(path) as book:
            if title not in book.sheet_names:
                raise DefinitionRefused(file=path.name, place=title, why="missing")
            table = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError) as error:
        raise DefinitionRefused(file=path.name, place=title, why="not-a-workbook") from error
    headings = [_text(value) for value in table[0]] if table else []
    for column, heading in enumerate(headings):
        if heading and (heading not in keys or headings.index(heading) != column):
            raise _refused(path, title, 0, column, "column-unknown")
    rows: list[tuple[int, dict[str, str]]] = []
    for number, values in enumerate(table[1:], 1):
        told = zip(headings, map(_text, values), strict=False)
        row = {key: text for key, text in told if key and text}
        if row:
            rows.append((number, row))
    return rows


def _text(value: object) -> str:
    """A cell as text; what a sheet has made a number or a date of is written as it was typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()[:10]
    return str(value).strip()


def _placed(
    error: DefinitionRefused,
    path: Path,
    number: int,
    items: Iterable[tuple[int, Mapping[str, str]]],
) -> DefinitionRefused:
    """The same fault, at the cell where it stands."""
    place, why = str(error.facts["place"]), str(error.facts["why"])
    of_item = _ITEM_PLACE.match(place)
    if of_item is not None:
        rows = [
            at
            for order, (at, item) in enumerate(items, 1)
            if of_item["code"] in {item.get("code"), str(order)}
        ]
        key = of_item["key"] if of_item["key"] in _ITEM_KEYS else "code"
        if rows:
            return _refused(path, ITEMS, rows[-1], _ITEM_KEYS.index(key), why)
    keys = [key for key in _ENTRY_KEYS if re.match(rf"{re.escape(key)}(?:[.\[]|$)", place)]
    column = _ENTRY_KEYS.index(max(keys, key=len)) if keys else 0
    return _refused(path, ENTRIES, number, column, why)


def _refused(path: Path, sheet: str, number: int, column: int, why: str) -> DefinitionRefused:
    """A fault in a cell; ``number`` and ``column`` from 0."""
    place = f"{sheet}!{xl_col_to_name(column)}{number + 1}"
    return DefinitionRefused(file=path.name, place=place, why=why)
