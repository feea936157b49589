"""The template of every dataset goes back in as it came out, once it is filled in."""

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import python_calamine

from catalog.definition import Dataset, bundled
from connectors.cli import run
from connectors.client import Connector
from connectors.commands.local import Setting
from connectors.sources.errors import SourceEmpty, TargetExists
from connectors.sources.headings import Wanted
from connectors.sources.mapping import match_columns
from connectors.sources.opening import open_source
from connectors.sources.template import write_template
from connectors.sources.workbook import open_workbook
from connectors.sources.xlsx_rows import column_name, column_of

if TYPE_CHECKING:
    from conftest import StandIn, Time

NOW = 1_790_000_000_000
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EACH = pytest.mark.parametrize("dataset", bundled().values(), ids=lambda one: one.code)


def template(dataset: Dataset, folder: Path) -> Path:
    path = folder / f"{dataset.code}.xlsx"
    write_template(path, dataset, "zh", now=NOW)
    return path


def part(path: Path, name: str) -> ET.Element:
    with zipfile.ZipFile(path) as archive:
        return ET.fromstring(archive.read(name))  # noqa: S314 our own file


@EACH
def test_headings_are_every_item_and_empty_it_is_no_source(
    dataset: Dataset, tmp_path: Path
) -> None:
    path = template(dataset, tmp_path)
    first, *_ = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()
    mapping = match_columns([str(cell) for cell in first], dataset, {})
    assert mapping.items == [item.code for item in dataset.items]
    assert Wanted(dataset, {}).complete([str(cell) for cell in first])
    with pytest.raises(SourceEmpty):
        open_source(path, dataset, {})


@EACH
def test_columns_of_identifiers_texts_and_codes_are_texts(dataset: Dataset, tmp_path: Path) -> None:
    path = template(dataset, tmp_path)
    styles = part(path, "xl/styles.xml")
    formats = [int(each.get("numFmtId", 0)) for each in styles.findall(f"{MAIN}cellXfs/{MAIN}xf")]
    columns = part(path, "xl/worksheets/sheet1.xml").findall(f"{MAIN}cols/{MAIN}col")
    by_column = {
        at: formats[int(each.get("style", 0))]
        for each in columns
        for at in range(int(each.get("min", 0)), int(each.get("max", 0)) + 1)
    }
    as_text = 49  # the built-in format @
    for at, item in enumerate(dataset.items, 1):
        kept = item.type not in {"integer", "decimal", "date"}
        assert (by_column[at] == as_text) == kept, item.code


@EACH
def test_every_code_list_is_a_drop_down_of_its_titles(dataset: Dataset, tmp_path: Path) -> None:
    path = template(dataset, tmp_path)
    lists = python_calamine.load_workbook(path).get_sheet_by_name("代码表").to_python()
    found = {}
    for each in part(path, "xl/worksheets/sheet1.xml").iter(f"{MAIN}dataValidation"):
        place = re.fullmatch(r"([A-Z]+)2:\1[0-9]+", each.get("sqref", ""))
        area = re.fullmatch(
            r"'?代码表'?!\$([A-Z]+)\$2:\$\1\$([0-9]+)", each.findtext(f"{MAIN}formula1") or ""
        )
        assert place is not None
        assert area is not None
        found[place[1]] = [row[column_of(area[1])] for row in lists[1 : int(area[2])]]
    assert found == {
        column_name(at): [label.zh for label in (item.codes or {}).values()]
        for at, item in enumerate(dataset.items)
        if item.codes
    }


@EACH
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_item_is_explained(dataset: Dataset, language: str, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write_template(path, dataset, "zh" if language == "zh" else "en", now=NOW)
    rows = python_calamine.load_workbook(path).get_sheet_by_index(1).to_python()
    assert [row[1] for row in rows[4:]] == [item.code for item in dataset.items]
    assert all(row[2] for row in rows[4:])


def test_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = template(bundled()["resident"], tmp_path)
    before = path.read_bytes()
    with pytest.raises(TargetExists):
        write_template(path, bundled()["resident"], "zh", now=NOW)
    assert path.read_bytes() == before


def test_command_writes_the_template_of_the_hubs_definition(
    home: Path,
    hub: "StandIn",
    clock: "Time",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def opened(self: Setting) -> Connector:
        return Connector.open(self.home, clock=clock, sleep=clock.sleep, http=hub)

    monkeypatch.setattr(Setting, "open", opened)
    path = tmp_path / "resident.xlsx"
    command = ["--home", str(home), "--lang", "zh", "template", "resident", "-o", str(path)]
    assert run(command) == 0
    assert str(path) in capsys.readouterr().out
    assert [sheet.name for sheet in open_workbook(path).sheets] == [
        "人口基础信息",
        "填写说明",
        "代码表",
    ]
    assert run(command) == 1
