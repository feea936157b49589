import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.definition import bundled
from catalog.masks import MASKS, Mask, apply, suits

HIDING: tuple[Mask, ...] = ("name", "identifier", "year")


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        ("full", "张三丰", "张三丰"),
        ("name", "张三丰", "张**"),
        ("name", "张三", "张*"),
        ("name", "张", "*"),
        ("identifier", "530402198504123015", "5304************15"),
        ("identifier", "云A12345", "******" + "*"),
        ("year", "1985-04-12", "1985"),
        ("year", "1985年", "*"),
        ("present", "任何", "present"),
    ],
)
def test_mask_shows_what_it_says(mask: Mask, value: str, shown: str) -> None:
    assert apply(mask, value) == shown


def test_absent_value_stays_absent_under_every_mask() -> None:
    assert {apply(mask, "") for mask in MASKS} == {""}


def test_unknown_mask_lets_nothing_through() -> None:
    with pytest.raises(KeyError):
        apply("plain", "530402198504123015")  # type: ignore[arg-type]


@given(st.text(min_size=1))
def test_no_mask_but_full_shows_a_whole_value(value: str) -> None:
    for mask in HIDING:
        shown = apply(mask, value)
        assert set(value) <= {"*"} or shown != value


def test_mask_is_refused_where_it_means_nothing() -> None:
    items = bundled()["resident"].by_code
    assert suits("year", items["birth_date"])
    assert not suits("year", items["name"])
    assert suits("name", items["name"])
    assert not suits("name", items["resident_id"])
    assert suits("identifier", items["resident_id"])
    assert not suits("identifier", items["sex"])
    assert all(suits("full", item) and suits("present", item) for item in items.values())
