"""What one definition says otherwise than another, told place by place."""

from importlib.resources import files

from catalog.comparison import differences, same_layout, same_records
from catalog.definition import Dataset, load


def text() -> str:
    return files("catalog.datasets").joinpath("credit_list.toml").read_text("utf-8")


def told(before: str, after: str) -> list[tuple[str, str]]:
    found = differences(*(load(one.encode(), "x") for one in (before, after)))
    return [(one.kind, one.place) for one in found]


def defined(changed: str) -> Dataset:
    return load(changed.encode(), "x")


def swapped(first: str, second: str) -> str:
    """The definition with two of its items in each other's place."""
    head, *items = text().split("[[items]]")
    places = [
        next(at for at, one in enumerate(items) if f'code = "{code}"\n' in one)
        for code in (first, second)
    ]
    items[places[0]], items[places[1]] = items[places[1]], items[places[0]]
    return "[[items]]".join((head, *items))


def test_a_definition_differs_from_itself_in_nothing() -> None:
    assert told(text(), text()) == []
    assert told(text(), text() + "# 注\n") == []


def test_elements_items_and_their_attributes() -> None:
    codes = [item.code for item in defined(text()).items]
    first, last = codes[0], codes[-1]
    assert told(text(), text().replace("level = ", "level = 1 # ", 1))[0][1] == "level"
    renamed = text().replace(f'code = "{last}"', f'code = "{last}_too"')
    assert told(text(), renamed) == [
        ("removed", f"items.{last}"),
        ("added", f"items.{last}_too"),
    ]
    changed = text().replace(f'code = "{first}"', f'code = "{first}"\naliases = ["别名"]', 1)
    assert told(text(), changed) == [("changed", f"items.{first}.aliases")]


def test_what_has_moved_is_told_and_what_it_passed_is_not() -> None:
    codes = [item.code for item in defined(text()).items]
    assert told(text(), swapped(codes[-1], codes[-2])) == [("moved", f"items.{codes[-1]}")]


def test_a_removed_and_an_added_classification() -> None:
    bare = "\n".join(line for line in text().splitlines() if not line.startswith("classification"))
    assert told(bare, text()) == [("added", "classification")]
    assert told(text(), bare) == [("removed", "classification")]


def test_titles_are_no_layout_and_places_are() -> None:
    one = defined(text())
    codes = [item.code for item in one.items]
    retitled = defined(text().replace("title_zh = ", "title_zh = '又' # ", 1))
    assert same_layout(one, retitled)
    moved = defined(swapped(codes[-1], codes[-2]))
    assert not same_layout(one, moved)
    assert same_records(one, moved)
