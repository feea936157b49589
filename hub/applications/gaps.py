"""What an application lacks: everything at once, never a refusal (政务数据共享条例, Art 20)."""

from collections.abc import Callable, Iterator, Sequence

from catalog.definition import Dataset
from certs.encoding import from_rfc3339
from hub.applications.application import Elements, Gap, Method
from hub.clock import DAY

NOT_SHARED = 3
"""不予共享 (Art 15)."""
LONGEST = 5 * 366 * DAY
"""Milliseconds that a time of use may run: an open end is no 使用时限."""
_WORDS = 4
"""Characters below which a text states nothing."""


def gaps(
    elements: Elements, dataset: Dataset, purpose_stands: Callable[[str], bool], now: int
) -> tuple[Gap, ...]:
    """All that is missing or wrong; ``now`` in milliseconds."""
    return tuple(
        Gap(where=where, why=why) for where, why in _gaps(elements, dataset, purpose_stands, now)
    )


def unconditional(elements: Elements, dataset: Dataset) -> bool:
    """Whether everything that is wanted is shared without conditions (无条件共享)."""
    return dataset.sharing == 1 and all(
        dataset.by_code[code].sharing == 1 for code in elements.items
    )


def _gaps(
    elements: Elements, dataset: Dataset, purpose_stands: Callable[[str], bool], now: int
) -> Iterator[tuple[str, str]]:
    for name, text in (
        ("basis", elements.basis),
        ("scenario", elements.scenario),
        ("scope", elements.scope),
    ):
        if len(text) < _WORDS:
            yield name, "missing"
    yield from _method(elements.method, dataset)
    yield from _time(elements.valid_until, now)
    for name, codes in (
        ("items", elements.items),
        ("operations", elements.operations),
        ("channels", elements.channels),
        ("purposes", elements.purposes),
    ):
        if not codes:
            yield name, "missing"
    yield from _items(elements.items, dataset)
    for code in elements.purposes:
        if not purpose_stands(code):
            yield f"purposes.{code}", "unknown"


def _method(method: Method | None, dataset: Dataset) -> Iterator[tuple[str, str]]:
    if method is None:
        yield "method", "missing"
    elif method not in dataset.methods:
        yield "method", "not-offered"


def _items(codes: Sequence[str], dataset: Dataset) -> Iterator[tuple[str, str]]:
    if dataset.sharing == NOT_SHARED:
        yield "dataset", "not-shared"
    for code in codes:
        item = dataset.by_code.get(code)
        if item is None:
            yield f"items.{code}", "unknown"
        elif item.sharing == NOT_SHARED:
            yield f"items.{code}", "not-shared"


def _time(valid_until: str | None, now: int) -> Iterator[tuple[str, str]]:
    if valid_until is None:
        yield "valid_until", "missing"
        return
    until = from_rfc3339(valid_until)
    if until <= now:
        yield "valid_until", "past"
    elif until > now + LONGEST:
        yield "valid_until", "too-long"
