import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.definition import Item, bundled
from catalog.item import Label
from catalog.values import TEXT_LIMIT, check_value


def item(type_: str, *, required: bool = False, pattern: str | None = None) -> Item:
    codes = {"1": Label(zh="男", en="Male"), "2": Label(zh="女", en="Female")}
    return Item(
        code="it",
        title_zh="项",
        title_en="It",
        type=type_,
        sensitivity=1,
        sharing=1,
        required=required,
        pattern=pattern,
        codes=codes if type_ == "code" else None,
        empty=("", "N/A"),
    )


@pytest.mark.parametrize(
    ("type_", "raw", "value"),
    [
        ("text", "\u3000张 三\t", "张 三"),
        ("text", "一（二）", "一（二）"),  # full-width punctuation is Chinese
        ("text", " N/A ", ""),
        ("date", "2026-07-01", "2026-07-01"),
        ("date", "2026/7/1", "2026-07-01"),
        ("date", "20260701", "2026-07-01"),
        ("date", "2026年7月1日", "2026-07-01"),
        ("date", "２０２６－０７－０１", "2026-07-01"),
        ("date", "2026-07-01 00:00:00", "2026-07-01"),
        ("integer", "007", "7"),
        ("integer", "-0", "0"),
        ("decimal", "089.50", "89.5"),
        ("decimal", "-0.0", "0"),
        ("boolean", "是", "true"),
        ("boolean", "TRUE", "true"),
        ("boolean", "0", "false"),
        ("code", "1", "1"),
        ("code", "１", "1"),
        ("code", "女", "2"),
        ("identifier:uscc", "11100000mb0143028r", "11100000MB0143028R"),
    ],
)
def test_value_comes_into_its_form_on_the_wire(type_: str, raw: str, value: str) -> None:
    checked = check_value(item(type_), raw)
    assert (checked.value, checked.verdict) == (value, "valid")


@pytest.mark.parametrize(
    ("type_", "raw", "reason"),
    [
        ("date", "2026-02-29", "date"),
        ("date", "1026-02-28", "date"),
        ("date", "26-02-28", "date"),
        ("date", "2026-07-01 12:30:00", "date"),
        ("date", "46204", "date"),
        ("integer", "1.0", "integer"),
        ("integer", "1,148", "integer"),
        ("integer", "1" * 19, "integer"),
        ("decimal", "1e3", "decimal"),
        ("decimal", ".5", "decimal"),
        ("decimal", "NaN", "decimal"),
        ("boolean", "maybe", "boolean"),
        ("code", "3", "code"),
        ("text", "a\x00b", "control-character"),
        ("text", "x" * (TEXT_LIMIT + 1), "too-long"),
        ("identifier:uscc", "3206911100272", "form"),
        ("identifier:resident_id|uscc", "3206911100272", "form"),
    ],
)
def test_value_of_the_wrong_form_is_invalid(type_: str, raw: str, reason: str) -> None:
    checked = check_value(item(type_), raw)
    assert (checked.verdict, checked.reason) == ("invalid", reason)


def test_characters_lost_in_a_conversion_warn() -> None:
    assert check_value(item("text"), "\ufffd\ufffd西省").reason == "replacement-character"


def test_pattern_must_match_the_whole_value() -> None:
    number = item("text", pattern="[0-9]{4}")
    assert check_value(number, "1234").verdict == "valid"
    for raw in ("12345", "1234\n5", "a1234"):
        assert check_value(number, raw).reason == "pattern"


def test_required_item_refuses_every_way_of_being_empty() -> None:
    for raw in ("", "  ", "N/A", "\u3000"):
        assert check_value(item("text", required=True), raw).reason == "required"
        assert check_value(item("text"), raw).value == ""


@given(st.text())
def test_no_text_crashes_a_check_and_no_check_changes_its_own_result(raw: str) -> None:
    for dataset in bundled().values():
        for one in dataset.items:
            once = check_value(one, raw)
            if once.acceptable and once.value:
                again = check_value(one, once.value)
                assert (again.value, again.acceptable) == (once.value, True)
