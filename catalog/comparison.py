"""What one definition says otherwise than another: one list for API, page and command.

Two versions of a catalogue entry are compared element by element, and item by item with the items
found by their codes, so that an item that has only moved is told as moved.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Literal, NamedTuple, TypeAlias

from catalog.definition import Dataset
from catalog.item import Item
from catalog.quality import QualityRule
from certs.canonical import Json

Kind: TypeAlias = Literal["added", "removed", "changed", "moved"]
_LISTED = {"items", "rules"}
"""Elements whose members are compared one by one, by their codes."""


class Difference(NamedTuple):
    """One difference: ``place`` as ``items.name.type``; None where there was or is nothing."""

    kind: Kind
    place: str
    before: Json
    after: Json

    def to_json(self) -> dict[str, Json]:
        """As routes give it."""
        return {
            "after": self.after,
            "before": self.before,
            "kind": self.kind,
            "place": self.place,
        }


def differences(before: Dataset, after: Dataset) -> tuple[Difference, ...]:
    """All that ``after`` says otherwise than ``before``: elements first, then items, then rules."""
    return tuple(_differences(before, after))


def same_layout(before: Dataset, after: Dataset) -> bool:
    """Whether values stand in the same places and mean the same under both.

    Rows are arrays in the order of the items. What an item may hold, and in which form, hangs on
    its type, codes, pattern and words for empty.
    """
    return _layout(before) == _layout(after)


def same_records(before: Dataset, after: Dataset) -> bool:
    """Whether both mean the same by a record: whom it is about, and what tells it from others.

    Disputes, repairs and subscriptions hang on that, and outlive publications.
    """
    return _identity(before) == _identity(after)


def _layout(dataset: Dataset) -> object:
    forms = [(item.code, item.type, item.pattern, item.empty, item.codes) for item in dataset.items]
    return forms, _identity(dataset)


def _identity(dataset: Dataset) -> object:
    keyed = (dataset.by_code[code] for code in (dataset.subject.item, *dataset.row_key))
    # What a key is written as hangs on more than its type.
    forms = [(item.code, item.type, item.pattern, item.codes) for item in keyed]
    return dataset.subject, dataset.row_key, forms


def _differences(before: Dataset, after: Dataset) -> Iterator[Difference]:
    earlier: dict[str, Json] = before.model_dump(mode="json", exclude=_LISTED)
    later: dict[str, Json] = after.model_dump(mode="json", exclude=_LISTED)
    yield from _elements("", earlier, later)
    yield from _members("items", _by_code(before.items), _by_code(after.items))
    yield from _members("rules", _by_code(before.rules), _by_code(after.rules))


def _by_code(parts: Iterable[Item | QualityRule]) -> dict[str, dict[str, Json]]:
    return {part.code: part.model_dump(mode="json") for part in parts}


def _members(
    listed: str, earlier: Mapping[str, dict[str, Json]], later: Mapping[str, dict[str, Json]]
) -> Iterator[Difference]:
    for code, one in earlier.items():
        if code not in later:
            yield Difference("removed", f"{listed}.{code}", one, None)
    moved = _moved([code for code in earlier if code in later], [c for c in later if c in earlier])
    for code, one in later.items():
        if code not in earlier:
            yield Difference("added", f"{listed}.{code}", None, one)
            continue
        if code in moved:
            was, now = list(earlier).index(code) + 1, list(later).index(code) + 1
            yield Difference("moved", f"{listed}.{code}", was, now)
        yield from _elements(f"{listed}.{code}.", earlier[code], one)


def _moved(before: list[str], after: list[str]) -> set[str]:
    """Those that stand in another order: as few as explain it, so not all that one has passed."""
    stayed = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return set(after) - {after[block.b + n] for block in stayed for n in range(block.size)}


def _elements(
    prefix: str, earlier: Mapping[str, Json], later: Mapping[str, Json]
) -> Iterator[Difference]:
    for name in dict.fromkeys((*earlier, *later)):
        was, now = earlier.get(name), later.get(name)
        if was != now:
            kind: Kind = "added" if was is None else "removed" if now is None else "changed"
            yield Difference(kind, f"{prefix}{name}", was, now)
