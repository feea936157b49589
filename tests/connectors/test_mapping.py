"""Columns find their items, and nothing is matched twice or by guessing."""

import pytest

from catalog.definition import Dataset, load
from connectors.sources.errors import ColumnsUnmatched, ItemsMissing, ItemTwice, MappingRefused
from connectors.sources.mapping import match_columns, read_corrections

DEFINITION = """
code = "people"
title_zh = "人"
title_en = "People"
summary_zh = "人"
summary_en = "People"
family = "natural_person"
sharing = 2
methods = ["service"]
conditions_zh = "-"
conditions_en = "-"
format = 3
cycle = 2
level = 2
level_scheme = "x"
legal_basis = "x law"
subject = "id"
row_key = ["id"]
cardinality = "one"

[[items]]
code = "id"
title_zh = "证件号码"
title_en = "Identity number"
type = "identifier:resident_id"
required = true
sensitivity = 3
aliases = ["身份证号"]

[[items]]
code = "name"
title_zh = "姓名"
title_en = "Name"
type = "text"
required = true
sensitivity = 2
standard = "XM"

[[items]]
code = "note"
title_zh = "备注"
title_en = "Note"
type = "text"
sensitivity = 1
"""


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load(DEFINITION.encode(), "people.toml")


@pytest.mark.parametrize(
    "columns",
    [
        ["id", "name"],
        ["证件号码", "姓名"],
        ["Identity number", "Name"],
        ["身份证号", "XM"],
        ["ＩＤ", " NAME "],
        ["identity  NUMBER", "xm"],
    ],
)
def test_headings_by_code_title_alias_and_standard(dataset: Dataset, columns: list[str]) -> None:
    mapping = match_columns(columns, dataset, {})
    assert mapping.items == ["id", "name"]
    assert [item.code for item in mapping.absent] == ["note"]


def test_other_columns_are_ignored_and_order_is_the_files(dataset: Dataset) -> None:
    mapping = match_columns(["序号", "姓名", "", "证件号码", ""], dataset, {})
    assert (mapping.items, mapping.indices) == (["name", "id"], [1, 3])
    assert mapping.ignored == ("序号", "", "")


def test_correction_wins(dataset: Dataset) -> None:
    corrections = read_corrections(["name=曾用名", "id = 号码"])
    mapping = match_columns(["姓名", "曾用名", "号码"], dataset, corrections)
    assert (mapping.items, mapping.indices) == (["name", "id"], [1, 2])
    assert mapping.ignored == ("姓名",)


def test_two_columns_for_one_item(dataset: Dataset) -> None:
    with pytest.raises(ItemTwice) as twice:
        match_columns(["id", "证件号码", "name"], dataset, {})
    assert twice.value.facts["item"] == "id"
    assert match_columns(["id", "证件号码", "name"], dataset, {"id": "id"}).indices == [0, 2]


def test_no_column_matches(dataset: Dataset) -> None:
    with pytest.raises(ColumnsUnmatched):
        match_columns(["x", "y"], dataset, {})


def test_required_item_has_no_column(dataset: Dataset) -> None:
    with pytest.raises(ItemsMissing) as missing:
        match_columns(["name", "note"], dataset, {})
    assert missing.value.facts["items"] == "id"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (["name"], "form"),
        (["=x"], "form"),
        (["name="], "form"),
        (["name=x", "name=y"], "item-twice"),
        (["unknown=x"], "item-unknown"),
        (["name=unknown"], "column-unknown"),
        (["name=x", "note=x"], "column-twice"),
    ],
)
def test_correction_that_makes_no_sense(dataset: Dataset, entries: list[str], why: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        match_columns(["id", "x", "y"], dataset, read_corrections(entries))
    assert refused.value.facts["why"] == why
