"""The profile of items against a simple model in Python, and what it never shows."""

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.definition import Dataset, bundled, load
from catalog.values import check_value
from certs.canonical import canonical
from hub.publish.checker import Checker
from hub.publish.quality.distinct import HASHES, KEPT, STANDARD_ERROR, Distinct
from hub.publish.quality.profile import Profile
from hub.publish.quality.profiler import ALL_OF, FAR, LONG_STEP, STEP, stands_for
from hub.publish.quality.shapes import LONGEST, RARE, TOP, decade, magnitude, shape

HEAD = """
code = "trial"
title_zh = "试"
title_en = "Trial"
summary_zh = "试"
summary_en = "Trial"
family = "credit"
sharing = 1
methods = ["service"]
conditions_zh = ""
conditions_en = ""
format = 3
cycle = 2
level = 1
level_scheme = "四级"
legal_basis = "试"
subject = "k"
row_key = ["k"]
cardinality = "one"
[[items]]
code = "k"
title_zh = "主键"
title_en = "Key"
type = "identifier:text"
sensitivity = 1
required = true
[[items]]
code = "t"
title_zh = "文字"
title_en = "Text"
type = "text"
sensitivity = 1
[[items]]
code = "d"
title_zh = "日期"
title_en = "Date"
type = "date"
sensitivity = 1
[[items]]
code = "n"
title_zh = "数"
title_en = "Number"
type = "decimal"
sensitivity = 1
[[items]]
code = "c"
title_zh = "代码"
title_en = "Code"
type = "code"
sensitivity = 1
[items.codes]
1 = { zh = "甲", en = "One" }
2 = { zh = "乙", en = "Two" }
[[items]]
code = "u"
title_zh = "信用代码"
title_en = "Credit code"
type = "identifier:uscc"
sensitivity = 1
"""
TRIAL = load(HEAD.encode(), "trial")
COLUMNS = [item.code for item in TRIAL.items]


def chunk(rows: Sequence[Sequence[str]], first: int = 1) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([number, *row] for number, row in enumerate(rows, first))
    return text.getvalue().encode()


def profile_of(
    rows: Sequence[Sequence[str]],
    *cuts: int,
    dataset: Dataset = TRIAL,
    columns: Sequence[str] = COLUMNS,
) -> Profile:
    """The profile of rows, checked in batches that end at ``cuts``."""
    checker = Checker(dataset, columns)
    try:
        start = 0
        for cut in (*cuts, len(rows)):
            if cut > start:
                checker.check([chunk(rows[start:cut], start + 1)])
                start = cut
        return checker.profile
    finally:
        checker.close()


def simple_class(character: str) -> str:
    name = unicodedata.name(character, "")
    kind = unicodedata.category(character)
    if name.startswith(("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH")):
        return "汉"
    if character == "\u3007":
        return "汉"
    if kind == "Nd":
        return "9"
    if kind in {"Lu", "Lt"}:
        return "A"
    if kind in {"Ll", "Lm", "Lo"}:
        return "a"
    return character if " " <= character <= "~" else "□"


def simple_shape(value: str) -> str:
    out: list[str] = []
    for character in value[:256]:
        found = simple_class(character)
        if out and out[-1].rstrip("+") == found and found != "+":
            out[-1] = found + "+"
        elif out and out[-1] in {"+", "++"} and found == "+":
            out[-1] = "++"
        else:
            out.append(found)
    whole = "".join(out)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


TEXTS = st.one_of(
    st.sampled_from(["", "张三", "王小明", "a1-B2", "ABC 12", "　", "N/A", "１２", "汉+1", "ǅa"]),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufffd"),
        max_size=40,
    ),
)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.sampled_from(["", "1990-01-01", "1999/12/31", "2001.2.3", "x", "1850-05-05"]),
        st.sampled_from(["", "0", "0.5", "-3", "7", "99.9", "100", "12345", "1e5"]),
        st.sampled_from(["", "1", "甲", "2", "9", "丙"]),
        st.sampled_from(["", "11100000MB0143028R", "91350100M0001TGQXM", "123"]),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, cut=st.integers(0, 60), times=st.sampled_from([1, 12]))
def test_a_profile_says_what_a_simple_count_says(
    rows: list[tuple[str, ...]], cut: int, times: int
) -> None:
    given_rows = [[f"K{number}", *row] for number, row in enumerate(rows * times)]
    profile = profile_of(given_rows, min(cut, len(given_rows)))
    checked = [
        [check_value(item, raw) for item, raw in zip(TRIAL.items, row, strict=True)]
        for row in given_rows
    ]
    accepted = [row for row in checked if all(one.acceptable for one in row)]
    assert (profile.rows, profile.looked_at) == (len(given_rows), len(accepted))
    for place, item in enumerate(TRIAL.items):
        of_item = [row[place] for row in checked]
        sound = [one.value for one in of_item if one.acceptable and one.value]
        found = profile.items[item.code]
        faulty = [one for one in of_item if one.verdict == "invalid"]
        assert found.faulty == len(faulty)
        assert found.empty == len(of_item) - len(sound) - len(faulty)
        assert found.unlisted == (len(faulty) if item.codes else None)
        assert found.warned == sum(one.verdict == "warn" for one in of_item)
        assert (found.distinct, found.exact) == (len(set(sound)), True)
        values = [row[place].value for row in accepted if row[place].value]
        shapes = {"t": simple_shape, "k": simple_shape, "u": simple_shape, "d": decade}
        by = {**shapes, "n": magnitude}.get(item.code)
        if by is None:
            assert (found.shapes, found.other) == ((), 0)
            continue
        counts = Counter(map(by, values))
        common = sorted(
            ((one, rows) for one, rows in counts.items() if rows >= RARE),
            key=lambda pair: (-pair[1], pair[0]),
        )[:TOP]
        assert list(found.shapes) == common
        assert found.other == len(values) - sum(rows for _, rows in common)
        if item.code in {"t", "k", "u"} and values:
            lengths = [len(value) for value in values]
            mean = round(sum(lengths) / len(lengths))
            assert found.lengths == (min(lengths), max(lengths), mean)


def test_the_profile_of_a_file_does_not_depend_on_its_batches() -> None:
    rows = [[f"K{n}", f"文字{n % 977}", "", str(n), "1", ""] for n in range(12_000)]
    whole = profile_of(rows)
    assert whole == profile_of(rows, 1, 700, 4_095, 4_096, 4_097, 11_999)
    assert whole.digest == profile_of(rows, 6_000).digest
    assert whole.looked_at == ALL_OF + sum(n % STEP == 0 for n in range(ALL_OF + 1, 12_001))


def test_rows_stand_for_as_many_as_are_passed_over() -> None:
    chosen = [row for row in range(1, 600_001) if row % stands_for(row) == 0]
    assert {stands_for(row) for row in chosen} == {1, STEP, LONG_STEP}
    assert sum(map(stands_for, chosen)) == pytest.approx(600_000, abs=STEP + LONG_STEP)
    assert stands_for(FAR) == STEP
    assert len(chosen) < 8_000


def test_counts_of_shapes_stand_for_all_rows() -> None:
    rows = [[f"K{n}", "甲" if n % 4 else "Ab-1", "", "", "", ""] for n in range(40_000)]
    found = dict(profile_of(rows).items["t"].shapes)
    assert sum(found.values()) == pytest.approx(40_000, rel=0.01)
    assert found["汉"] == pytest.approx(30_000, rel=0.05)
    assert found["Aa-9"] == pytest.approx(10_000, rel=0.1)


def test_the_count_of_different_values_keeps_its_error() -> None:
    counted = []
    for start in range(5):
        rows = [[f"K{start}-{n}", f"{n % 30_000}", "", "", "", ""] for n in range(45_000)]
        profile = profile_of(rows, 15_000)
        assert not profile.items["k"].exact
        counted += [
            profile.items["k"].distinct / 45_000 - 1,
            profile.items["t"].distinct / 30_000 - 1,
        ]
    assert max(map(abs, counted)) < 5 * STANDARD_ERROR
    assert STANDARD_ERROR < 0.016


@given(hashes=st.lists(st.integers(0, HASHES - 1), max_size=200))
def test_few_values_are_counted_exactly(hashes: list[int]) -> None:
    distinct = Distinct()
    for hash_ in hashes:
        distinct.add([hash_])
    assert (distinct.count, distinct.exact) == (len(set(hashes)), True)


def test_hashes_above_the_kept_ones_change_nothing() -> None:
    distinct = Distinct()
    distinct.add(range(KEPT * 2))
    before = distinct.count
    distinct.add(range(distinct.below + 1, distinct.below + 1000))
    assert (distinct.count, distinct.exact, distinct.below) == (before, False, KEPT - 1)


@given(value=st.text())
def test_a_shape_is_short_and_says_no_letter_or_digit(value: str) -> None:
    found = shape(value)
    assert len(found) <= LONGEST
    letters = {character for character in found if character.isalnum()}
    assert letters <= set("9Aa汉")


def test_a_rare_shape_is_counted_and_not_told() -> None:
    rows = [[f"K{n}", "张三", "1990-01-01", "5", "1", ""] for n in range(50)]
    rows += [[f"R{n}", "X-1·王", "1866-01-01", "123456789", "1", ""] for n in range(RARE - 1)]
    items = profile_of(rows).items
    assert items["t"].shapes == (("汉+", 50),)
    assert items["d"].shapes == (("1990s", 50),)
    assert items["n"].shapes == (("10^0", 50),)
    assert {items[code].other for code in "tdn"} == {RARE - 1}


def test_codes_have_no_shapes() -> None:
    rows = [[f"K{n}", "", "", "", "1", ""] for n in range(100)]
    item = profile_of(rows).items["c"]
    assert (item.shapes, item.other, item.lengths, item.distinct) == ((), 0, None, 1)


def test_no_value_of_a_row_is_in_a_profile() -> None:
    rows = [[f"K{n}", f"诸葛{n}亮", "1987-06-05", "31337", "2", ""] for n in range(100)]
    profile = profile_of(rows)
    text = canonical(profile.to_json()).decode()
    for value in ("诸葛", "亮", "1987-06", "31337", "K1"):
        assert value not in text
    assert Profile.of_json(profile.to_json()) == profile


def test_an_item_that_the_source_does_not_have_is_empty_throughout() -> None:
    rows = [[f"K{n}", "甲"] for n in range(20)]
    profile = profile_of(rows, columns=["k", "t"])
    assert {profile.items[code].empty for code in ("d", "n", "c", "u")} == {20}
    assert profile.items["t"].empty == 0


def test_a_change_set_is_profiled_without_its_deletes() -> None:
    checker = Checker(TRIAL, ["k", "t"], changes=True)
    rows = [["upsert" if n % 3 else "delete", f"K{n}", "甲" if n % 2 else ""] for n in range(60)]
    checker.check([chunk(rows)])
    profile = checker.profile
    checker.close()
    assert (profile.mode, profile.rows, profile.looked_at) == ("changes", 40, 40)
    assert profile.items["k"].distinct == 40
    assert profile.items["t"].empty == 20


def test_every_bundled_dataset_can_be_profiled() -> None:
    for dataset in bundled().values():
        codes = [item.code for item in dataset.items]
        profile = profile_of([["" for _ in codes]] * 3, dataset=dataset, columns=codes)
        assert profile.rows == 3
        assert all(item.empty == 3 for item in profile.items.values())
