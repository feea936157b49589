"""Sets of positions as spans behave like sets of positions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.canonical import Json, canonical
from hub.errors import Unprocessable
from hub.ledger.spans import (
    MOST,
    Spans,
    gathered,
    listed_in,
    pieces,
    read_spans,
    size,
    told,
    union,
    without,
)

POSITIONS = st.sets(st.integers(0, 40))


def spans(positions: set[int]) -> Spans:
    return tuple(gathered(sorted(positions)))


def positions(found: Spans) -> set[int]:
    return {place for first, end in found for place in range(first, end)}


@given(POSITIONS)
def test_a_set_comes_back(some: set[int]) -> None:
    found = spans(some)
    assert positions(found) == some
    assert size(found) == len(some)
    assert read_spans(told(found)) == found
    assert all(before[1] < after[0] for before, after in pairwise(found))


@given(POSITIONS, POSITIONS)
def test_difference_and_union_are_those_of_sets(some: set[int], others: set[int]) -> None:
    assert without(spans(some), spans(others)) == spans(some - others)
    assert union((*spans(others), *spans(some))) == spans(some | others)


@given(POSITIONS, st.integers(1, 50))
def test_pieces_are_of_bounded_size_and_lose_nothing(some: set[int], most: int) -> None:
    found = list(pieces(spans(some), most))
    assert all(0 < size(piece) <= most for piece in found)
    assert all(size(piece) == most for piece in found[:-1])
    assert [place for piece in found for place in sorted(positions(piece))] == sorted(some)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        "x",
        [1, 2],
        [[1]],
        [[1, 2, 3]],
        [[1, 0]],
        [[-1, 1]],
        [[1, True]],
        [["1", 1]],
        [[2, 1], [1, 1]],
        [[1, 1], [2, 1]],
        [[1, 2], [2, 1]],
        [[1, 1], [1, 1]],
    ],
)
def test_what_is_written_in_another_way_is_refused(value: Json) -> None:
    with pytest.raises(Unprocessable):
        read_spans(value)


def test_more_spans_than_an_entry_holds_are_refused() -> None:
    some: list[Json] = [[2 * place, 1] for place in range(MOST + 1)]
    assert len(read_spans(some[:MOST])) == MOST
    with pytest.raises(Unprocessable):
        read_spans(some)


def test_an_entry_that_is_no_erasure_lists_nothing() -> None:
    assert listed_in(canonical({"state": {"indexes": [[3, 2]]}})) == ((3, 5),)
    for control in (b"", b"[]", b"{}", b'{"state":[]}', b'{"state":{}}', b"\xff"):
        assert listed_in(control) == ()
