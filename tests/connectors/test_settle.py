"""Messy values are evened out and counted; what a sheet has spoilt is told and never guessed."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.definition import Item, bundled
from catalog.values import check_value
from connectors.sources.settle import Settled, settle
from connectors.sources.watch import Look

USCC = "11100000MB0143028R"
RESIDENT = bundled()["resident"].by_code
ENTITY = bundled()["legal_entity"].by_code
OWNER = bundled()["real_estate"].by_code["owner_id"]
EVERY = [item for dataset in bundled().values() for item in dataset.items]


@pytest.mark.parametrize(
    ("raw", "kinds"),
    [
        (USCC, ()),
        (USCC.lower(), ("lower-case",)),
        (f" {USCC[:4]} {USCC[4:]}", ("blanks",)),
        (f"{USCC[:8]}-{USCC[8:17]}-{USCC[17]}", ("hyphens",)),
        (f"{USCC[:8]}－{USCC[8:]}", ("full-width", "hyphens")),
        ("１" + USCC[1:], ("full-width",)),
        (f"{USCC[:9]}ｂ{USCC[10:]}", ("full-width", "lower-case")),
    ],
)
def test_credit_code_is_evened_out_by_kind(raw: str, kinds: tuple[str, ...]) -> None:
    settled = settle(ENTITY["uscc"], raw)
    assert settled.kinds == kinds
    assert check_value(ENTITY["uscc"], settled.value).value == USCC


@pytest.mark.parametrize("raw", [f"{USCC[:8]}-{USCC[8:17]}0", f"{USCC[:8]}_{USCC[8:]}", "-" * 18])
def test_hyphens_stay_in_a_code_that_is_not_sound_without_them(raw: str) -> None:
    settled = settle(ENTITY["uscc"], raw)
    assert (settled.value, settled.kinds) == (raw, ())


def test_hyphened_number_of_a_resident_never_becomes_a_credit_code() -> None:
    """One in thirty of them would be a sound credit code without its hyphens."""
    for order in range(1000):
        raw = f"530402-18900101-{order:03d}X"
        assert settle(OWNER, raw).value == raw
        assert settle(RESIDENT["resident_id"], raw).value == raw


@pytest.mark.parametrize("raw", ["1.10101E+17", "1.1e+17", "5E+17", "-1.5E+100", " 1.1E+17 "])
@pytest.mark.parametrize("code", ["resident_id", "name", "household_no", "sex", "birth_date"])
def test_number_that_has_lost_its_digits_is_told(raw: str, code: str) -> None:
    assert settle(RESIDENT[code], raw).spoilt == "digits-lost"


@pytest.mark.parametrize("raw", ["1E17", "E+17", "1.1E+1", "11.1E+17", "A1E+17", "1.1E+17号"])
def test_text_that_only_resembles_one_is_a_text(raw: str) -> None:
    assert settle(RESIDENT["name"], raw).spoilt == ""


@pytest.mark.parametrize("raw", ["#N/A", "#REF!", " #DIV/0! "])
def test_error_of_a_sheet_is_no_text(raw: str) -> None:
    assert settle(RESIDENT["name"], raw).spoilt == "sheet-error"
    assert settle(RESIDENT["name"], "#1").spoilt == ""


@pytest.mark.parametrize(
    ("code", "raw", "spoilt"),
    [
        ("ethnicity", "1", "zeros-lost"),
        ("ethnicity", "77", ""),
        ("household_no", "123", "zeros-lost"),
        ("household_no", "12", ""),
        ("sex", "7", ""),
        ("name", "1", ""),
    ],
)
def test_lost_zeros_are_told_where_they_would_make_a_value(
    code: str, raw: str, spoilt: str
) -> None:
    settled = settle(RESIDENT[code], raw)
    assert (settled.value, settled.spoilt) == (raw, spoilt)


def test_what_counts_as_empty_is_left_alone() -> None:
    assert settle(ENTITY["name"], " N/A ") == Settled(" N/A ")


TEXTS = st.text(
    st.sampled_from("0123456789abXx-/.+Ee#男汉１Ａ　 \t\n年月日是'\"\\")
    | st.characters(codec="utf-8"),
    max_size=20,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(TEXTS, min_size=50, max_size=50))
def test_duckdb_and_python_look_at_the_same_values(values: list[str]) -> None:
    items = {item.type if item.type != "code" else item.code: item for item in EVERY}
    chosen = [*items.values(), RESIDENT["household_no"], RESIDENT["ethnicity"]]
    with duckdb.connect(":memory:") as database:
        for item in chosen:
            look = Look.of(0, item)
            sql = f"SELECT {look.odd_sql('c0')} FROM (SELECT unnest(?) AS c0)"  # noqa: S608 ours
            found = [each for (each,) in database.execute(sql, [values]).fetchall()]
            odd = look.odd()
            assert found == [odd(value) for value in values], item.code


@given(st.sampled_from(EVERY), TEXTS)
def test_what_is_not_looked_at_needs_nothing_evened_out(item: Item, value: str) -> None:
    """Titles of codes aside: they are no mess."""
    if value and not Look.of(0, item).odd()(value):
        settled = settle(item, value)
        assert (settled.value, settled.kinds, settled.spoilt) == (value, (), "")


@given(st.sampled_from(EVERY), TEXTS)
def test_evening_out_never_changes_what_the_check_says(item: Item, value: str) -> None:
    settled = settle(item, value)
    before, after = check_value(item, value), check_value(item, settled.value)
    if settled.value == value:
        assert before == after
    else:
        assert settled.kinds[-1:] == ("hyphens",) or "hyphens" in settled.kinds
        assert after.verdict == "valid"
