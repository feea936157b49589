"""Finding entries by words in both languages, and who has an item already."""

import statistics
import time

import pytest

from catalog.definition import Dataset, bundled
from catalog.entry import Entry, Publisher
from catalog.search import LONGEST, MOST_WORDS, Finder, Wanted, folded

POLICE = Publisher("psb", "公安局", "Public Security Bureau")
MARKET = Publisher("mrb", "市场监督管理局", "Market Regulation Bureau")
ENTRIES = tuple(
    Entry(dataset, MARKET if dataset.family in {"legal_entity", "credit"} else POLICE, None)
    for dataset in bundled().values()
)


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(ENTRIES)


def codes(finder: Finder, **wanted: object) -> list[str]:
    asked = Wanted()._replace(**wanted)  # type: ignore[arg-type]
    return [hit.entry.dataset.code for hit in finder.find(asked)]


def test_nothing_that_narrows_gives_everything(finder: Finder) -> None:
    assert codes(finder) == sorted(bundled())
    assert codes(finder, text="  ") == sorted(bundled())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("法人", "legal_entity"),
        ("legal entities", "legal_entity"),
        ("ＬＥＧＡＬ", "legal_entity"),
        ("人口", "resident"),
        ("处罚", "credit_penalty"),
        ("resident", "resident"),
        ("不动产", "real_estate"),
    ],
)
def test_the_best_comes_first(finder: Finder, text: str, first: str) -> None:
    assert codes(finder, text=text)[0] == first


def test_every_word_must_stand_in_it(finder: Finder) -> None:
    both = set(codes(finder, text="处罚 信用代码"))
    assert both == set(codes(finder, text="处罚")) & set(codes(finder, text="信用代码"))
    assert codes(finder, text="处罚 无此词语") == []


def test_it_is_narrowed_by_family_provider_and_attribute(finder: Finder) -> None:
    for name, value, holds in (
        ("family", "credit", lambda one: one.dataset.family == "credit"),
        ("provider", "psb", lambda one: one.provider.code == "psb"),
        ("sharing", 1, lambda one: one.dataset.sharing == 1),
        ("item", "统一社会信用代码", lambda one: "uscc" in str(one.dataset.items)),
    ):
        found = codes(finder, **{name: value})
        wanted = {one.dataset.code for one in ENTRIES if holds(one)}
        assert found
        assert set(found) <= wanted if name == "item" else set(found) == wanted


def test_who_has_this_item_already(finder: Finder) -> None:
    """The name that another department calls it by finds it: titles, aliases, standard names."""
    for name in ("统一社会信用代码", "信用代码", "USCC", "uscc"):
        holders = {entry.dataset.code for entry, _ in finder.holders(name)}
        assert "legal_entity" in holders, name
    assert finder.holders("鞋码") == []
    assert finder.holders("") == []
    assert finder.holders("   ") == []


def test_the_items_that_a_query_named_are_told(finder: Finder) -> None:
    (hit, *_) = finder.find(Wanted(text="法定代表人"))
    items = finder.named(hit.entry, "法定代表人")
    assert items
    assert all("法定代表人" in "".join(item.names) for item in items)
    assert len(items) < len(hit.entry.dataset.items)


def test_a_query_is_bounded(finder: Finder) -> None:
    """What stands beyond the bounds is not looked at: it would rule every entry out."""
    few = " ".join("abcdefgh"[:MOST_WORDS])
    assert codes(finder, text=few)
    assert codes(finder, text=f"{few} 鞋码") == codes(finder, text=few)
    assert codes(finder, text=f"人{' ' * LONGEST}鞋码") == codes(finder, text="人")
    assert codes(finder, text="x" * 100_000) == []


def test_five_thousand_entries_are_searched_within_fifty_milliseconds() -> None:
    """The bound of a page that is pleasant to type into, at p95, in processor time."""
    finder = Finder(
        Entry(_like(dataset, number), POLICE, None)
        for number in range(5000 // len(ENTRIES) + 1)
        for dataset in bundled().values()
    )
    assert len(finder.entries) >= 5000
    words = ("法人", "身份证", "处罚 信用", "resident", "鞋码", "人", "licence number", "目录 12")
    took: list[float] = []
    for _ in range(10):
        for word in words:
            begun = time.thread_time()
            finder.find(Wanted(text=word))
            took.append(time.thread_time() - begun)
    assert statistics.quantiles(took, n=20)[18] < 0.05, sorted(took)[-5:]


def _like(dataset: Dataset, number: int) -> Dataset:
    title = f"{dataset.title_zh}{number}"
    return dataset.model_copy(update={"code": f"{dataset.code}_{number}", "title_zh": title})


def test_full_width_and_upper_case_are_the_same() -> None:
    assert folded("ＵＳＣＣ") == folded("uscc")
