"""The catalogue as files: out of one hub, into an empty one, and the same out of that again."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
import python_calamine as calamine
import xlsxwriter
from world.entering import CODE, PERMITS, PRIVACY, SECRECY, Road, bundled_text
from world.time import Time
from world.town import ADDRESS, DATASETS, HUB, PASSWORD, World

from catalog.errors import DefinitionRefused
from certs.canonical import Json
from hub.access import departments
from hub.catalogue.bringing import do, export, steps
from hub.catalogue.entry import Assessment
from hub.catalogue.files import Head, read_file, write_file
from hub.catalogue.workbook import read_workbook, write_workbook
from hub.ledger.change import OPERATOR
from hub.ops.init import init
from hub.runtime import open_hub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.town import Town

NEXT = PERMITS.replace("sensitivity = 3", "sensitivity = 2")


class Refused(Exception):
    """What the hub answered."""


class As:
    """The API as somebody."""

    def __init__(self, road: Road, who: str) -> None:
        self.road, self.who = road, who
        self.changed: list[str] = []

    def call(self, method: str, path: str, body: Mapping[str, Json] | None = None) -> Json:
        if method != "GET":
            self.changed.append(path)
        answer = self.road.call(self.who, method, path, body)
        if answer.status >= 400:
            raise Refused(answer.status, answer.body)
        return answer.document

    def download(self, path: str) -> bytes:
        answer = self.road.call(self.who, "GET", path)
        assert answer.status == 200, answer.body
        return answer.body


def apply(api: As, files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    found = list(steps(api, files))
    for step in found:
        do(api, step)
    return [(step.what, step.file.code) for step in found]


@pytest.fixture
def full(road: Road) -> Road:
    """A catalogue with an entry in each state that a file can tell."""
    road.published(road.begin())
    road.next(CODE, NEXT)
    drafted = PERMITS.replace(CODE, "drafted").replace("/000001", "/000002")
    road.assessed(road.begin(drafted))
    entry = road.seen("authority", "real_estate")
    road.on("authority", entry, "status", status="suspended", reason="数据有误")
    entry = road.seen("authority", "credit_penalty")
    road.on("authority", entry, "status", status="withdrawn", reason="职责划转")
    return road


@pytest.fixture
def empty(town: "Town", tmp_path: "Path") -> "Iterator[Road]":
    """Another hub, with departments and people and nothing in its catalogue."""
    now = Time(town.founded)
    root = tmp_path / "empty"
    init(root, HUB, ADDRESS, now, administrator=("admin", "管理员", PASSWORD))
    hub = open_hub(root, now)
    for code in dict.fromkeys(DATASETS.values()):
        departments.admit(hub.changes, OPERATOR, code, code, code)
    yield Road.of(World(root, town, hub, now))
    hub.close()


def test_out_and_in_and_out_again_is_the_same(full: Road, empty: Road) -> None:
    first = dict(export(As(full, "authority")))
    assert set(first) >= {f"{CODE}.toml", f"{CODE}.next.toml", "drafted.toml", "resident.toml"}
    assert first["resident.toml"].endswith(bundled_text("resident").encode())
    settled = {name: data for name, data in first.items() if b'= "draft"' not in data}
    settled = {name: data for name, data in settled.items() if b'= "assessed"' not in data}
    drafts = {name: data for name, data in first.items() if name not in settled}
    assert {what for what, _ in apply(As(empty, "authority"), settled)} == {"taken-over"}
    assert sorted(apply(As(empty, "psb.writer"), drafts)) == [("draft", CODE), ("new", "drafted")]
    assert dict(export(As(empty, "authority"))) == first
    for who, files in (("authority", settled), ("psb.writer", drafts)):
        again = As(empty, who)
        assert apply(again, files) == []
        assert again.changed == []
    assert empty.world.findings().faults == ()


def test_only_what_differs_is_drafted(road: Road) -> None:
    api = As(road, "psb.writer")
    files = dict(export(api))
    name = "resident.toml"
    files[name] = files[name].replace('title_zh = "姓名"'.encode(), 'title_zh = "姓 名"'.encode())
    (step,) = steps(api, files)
    assert (step.what, step.file.code) == ("draft", "resident")
    assert [one.place for one in step.differences] == ["items.name.title_zh"]
    assert apply(api, files) == [("draft", "resident")]
    assert api.changed == ["/v1/entries/resident/draft"]
    entry = road.seen("psb.writer", "resident")
    # The assessments in the file are of the text that stands; they say nothing of the new one.
    assert entry["next"]["assessments"] == {"secrecy": None, "privacy": None}  # type: ignore[index, call-overload]
    assert apply(api, files) == []


def test_a_comment_is_no_difference(road: Road) -> None:
    files = dict(export(As(road, "psb.writer")))
    files["resident.toml"] += "# 注\n".encode()
    assert list(steps(As(road, "psb.writer"), files)) == []


def test_attack_a_file_that_takes_over_without_its_record(road: Road) -> None:
    head = Head(state="published", provider="psb")
    (step,) = steps(As(road, "authority"), {"x.toml": write_file(head, PERMITS.encode())})
    with pytest.raises(Refused):
        do(As(road, "authority"), step)
    whole = Assessment.model_validate(SECRECY)
    head = Head(state="published", provider="psb", secrecy=whole, privacy=whole, approval="批〔1〕")
    (step,) = steps(As(road, "psb.writer"), {"x.toml": write_file(head, PERMITS.encode())})
    with pytest.raises(Refused):  # a steward opens nothing
        do(As(road, "psb.writer"), step)


def test_a_file_tells_what_is_wrong_and_where() -> None:
    good = write_file(Head(state="draft", provider="psb"), PERMITS.encode())
    assert read_file(good, "x.toml").definition == PERMITS.encode()
    for wrong, place in (
        (PERMITS.encode(), "entry"),
        (b"entry.state = draft\n\n" + PERMITS.encode(), "entry"),
        (good.replace(b'"draft"', b'"open"'), "entry.state"),
        (good.replace(b'"draft"', b'"draft"\nentry.by = "x"'), "entry.by"),
        (good.replace(b'type = "text"', b'type = "texts"', 1), "items[number].type"),
    ):
        with pytest.raises(DefinitionRefused) as refused:
            read_file(wrong, "x.toml")
        assert (refused.value.facts["file"], refused.value.facts["place"]) == ("x.toml", place)


def test_text_with_every_mark_stands_in_a_head() -> None:
    reference = '保密评"〔2026〕\\7号\x7f #'
    given = Assessment(result="passed", reference=reference, day="2026-09-18")
    head = Head(state="assessed", provider="psb", secrecy=given, approval=reference)
    assert read_file(write_file(head, PERMITS.encode()), "x").head == head


# -- workbooks ----------------------------------------------------------------------------------
def test_a_workbook_says_the_same(full: Road, empty: Road, tmp_path: "Path") -> None:
    files = dict(export(As(full, "authority")))
    write_workbook(tmp_path / "one.xlsx", files)
    read = read_workbook(tmp_path / "one.xlsx")
    assert set(read) == set(files)
    assert list(steps(As(full, "authority"), read)) == []
    settled = {name: data for name, data in read.items() if b'= "draft"' not in data}
    settled = {name: data for name, data in settled.items() if b'= "assessed"' not in data}
    apply(As(empty, "authority"), settled)
    apply(As(empty, "psb.writer"), {n: d for n, d in read.items() if n not in settled})
    write_workbook(tmp_path / "two.xlsx", dict(export(As(empty, "authority"))))
    sheets = [
        {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
        for book in (calamine.load_workbook(tmp_path / n) for n in ("one.xlsx", "two.xlsx"))
    ]
    assert sheets[0] == sheets[1]


def filled(path: "Path", sheets: Mapping[str, list[list[object]]]) -> "Path":
    with xlsxwriter.Workbook(path) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


@pytest.mark.parametrize(
    ("sheet", "key", "value", "why"),
    [
        ("items", "type", "texts", "type-unknown"),
        ("items", "sensitivity", "9", "less-than-equal"),
        ("items", "aliases", "[", "not-json"),
        ("entries", "level", "7", "less-than-equal"),
        ("entries", "entry.secrecy.day", "gestern", "string-pattern-mismatch"),
        ("entries", "cardinality", "one", "contradicts-row-key"),
    ],
)
def test_a_fault_names_sheet_row_and_column(
    tmp_path: "Path", sheet: str, key: str, value: str, why: str
) -> None:
    assessment = Assessment.model_validate(PRIVACY)
    head = Head(state="assessed", provider="psb", secrecy=assessment)
    write_workbook(tmp_path / "good.xlsx", {f"{CODE}.toml": write_file(head, PERMITS.encode())})
    with calamine.load_workbook(tmp_path / "good.xlsx") as book:
        tables = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    column = tables[sheet][0].index(key)
    row = 3 if sheet == "items" else 1
    tables[sheet][row][column] = value
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    letter = letters[column] if column < 26 else f"A{letters[column - 26]}"
    with pytest.raises(DefinitionRefused) as refused:
        read_workbook(filled(tmp_path / "bad.xlsx", tables))  # type: ignore[arg-type]
    facts = refused.value.facts
    assert (facts["file"], facts["place"], facts["why"]) == (
        "bad.xlsx",
        f"{sheet}!{letter}{row + 1}",
        why,
    )


def test_what_is_no_workbook_is_told(tmp_path: "Path") -> None:
    (tmp_path / "x.xlsx").write_bytes(b"no")
    with pytest.raises(DefinitionRefused, match="not-a-workbook"):
        read_workbook(tmp_path / "x.xlsx")
    with pytest.raises(DefinitionRefused, match="missing"):
        read_workbook(filled(tmp_path / "y.xlsx", {"entries": [["file"]]}))
    with pytest.raises(DefinitionRefused, match="entries!B1"):
        read_workbook(filled(tmp_path / "z.xlsx", {"entries": [["file", "colour"]], "items": []}))
    orphan = {"entries": [["file"]], "items": [["file", "code"], ["ghost.toml", "x"]]}
    with pytest.raises(DefinitionRefused, match="items!A2"):
        read_workbook(filled(tmp_path / "o.xlsx", orphan))  # type: ignore[arg-type]


def test_a_formula_in_a_title_stays_a_text(tmp_path: "Path") -> None:
    text = PERMITS.replace('"停车证"', json.dumps("=HYPERLINK(1)"))
    head = Head(state="draft", provider="psb")
    path = tmp_path / "f.xlsx"
    write_workbook(path, {f"{CODE}.toml": write_file(head, text.encode())})
    assert b'title_zh = "=HYPERLINK(1)"' in read_workbook(path)[f"{CODE}.toml"]
