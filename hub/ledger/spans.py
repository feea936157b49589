"""Sets of positions as spans: what an erasure lists and a hold keeps.

In an entry a span is ``[first, count]``; here it is (first, end), end exclusive. A set is in order,
and no two of its spans touch.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from certs.canonical import Json, parse
from certs.errors import Malformed
from hub.errors import Unprocessable

Span: TypeAlias = tuple[int, int]
Spans: TypeAlias = tuple[Span, ...]

MOST = 20_000
"""Spans in one entry: some 300 kB of *control*, a third of what a verifier reads of one."""
_PAIR = 2
_CONTROL_LIMIT = 1 << 20
_CONTROL_DEPTH = 5


def read_spans(value: Json) -> Spans:
    """A set as it stands in an entry; raises ``Unprocessable`` unless it is written in one way."""
    spans = tuple(_read(pair) for pair in value) if isinstance(value, list) else ()
    if not isinstance(value, list) or len(spans) > MOST or spans != union(spans):
        raise Unprocessable(why="entries")
    return spans


def listed_in(control: bytes) -> Spans:
    """The positions that an erasure lists, by its *control*; none if it is no erasure's."""
    try:
        members = parse(control, max_bytes=_CONTROL_LIMIT, max_depth=_CONTROL_DEPTH)
        state = members.get("state") if isinstance(members, dict) else None
        return read_spans(state.get("indexes") if isinstance(state, dict) else None)
    except (Malformed, Unprocessable):
        return ()


def told(spans: Iterable[Span]) -> list[Json]:
    """A set as an entry holds it."""
    return [[first, end - first] for first, end in spans]


def gathered(positions: Iterable[int]) -> Iterator[Span]:
    """The spans of positions that come in order."""
    first = end = -1
    for position in positions:
        if position != end:
            if first >= 0:
                yield first, end
            first = position
        end = position + 1
    if first >= 0:
        yield first, end


def union(spans: Iterable[Span]) -> Spans:
    """One set of many spans, in whatever order they come."""
    found: list[Span] = []
    for first, end in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((first, end))
    return tuple(found)


def without(spans: Spans, others: Spans) -> Spans:
    """What of one set is not in another."""
    found: list[Span] = []
    waiting = iter(others)
    other = next(waiting, None)
    for span in spans:
        first, end = span
        while other is not None and other[1] <= first:
            other = next(waiting, None)
        while other is not None and other[0] < end:
            if first < other[0]:
                found.append((first, other[0]))
            first = other[1]
            if first >= end:
                break
            other = next(waiting, None)
        if first < end:
            found.append((first, end))
    return tuple(found)


def size(spans: Iterable[Span]) -> int:
    """How many positions a set has."""
    return sum(end - first for first, end in spans)


def pieces(spans: Spans, most: int) -> Iterator[Spans]:
    """A set in parts of at most ``most`` positions."""
    piece: list[Span] = []
    room = most
    for first, end in spans:
        start = first
        while start < end:
            taken = min(end - start, room)
            piece.append((start, start + taken))
            start, room = start + taken, room - taken
            if not room:
                yield tuple(piece)
                piece, room = [], most
    if piece:
        yield tuple(piece)


def _read(pair: Json) -> Span:
    if not isinstance(pair, list) or len(pair) != _PAIR:
        raise Unprocessable(why="entries")
    first, count = pair
    # ``bool`` is an ``int`` to Python, and not to JSON.
    if type(first) is not int or type(count) is not int or first < 0 or count < 1:
        raise Unprocessable(why="entries")
    return first, first + count
