"""Which entries of a log are one request, a batch or joint questions, while it is replayed."""

from collections.abc import Mapping
from typing import NamedTuple

from certs.canonical import Json

LARGEST = 1000
"""Entries of one request at most (``docs/batch.md``; the settings may only lower it)."""
_EACH = frozenset(
    {"a", "dataset", "delegation", "grant", "grant_version", "outcome", "purpose", "repeats"}
)
"""What entries of one request have of their own: a batch asks one dataset about many subjects,
joint questions may each ask another (``hub/lookup/joint.py``)."""


class BatchSoFar(NamedTuple):
    """The entries of one R that stand behind one another; a single question is one of size 1."""

    shared: tuple[int, tuple[tuple[str, Json], ...]]
    """Time, and all of *control* that entries of one request have in common."""
    repeats: Json
    size: int


def follow(before: BatchSoFar | None, time: int, control: Mapping[str, Json]) -> BatchSoFar:
    """What an entry belongs to, if ``before`` is what the one before it belongs to."""
    own = [(name, control[name]) for name in sorted(control.keys() - _EACH)]
    shared, repeats = (time, tuple(own)), control.get("repeats")
    if before is not None and before.shared == shared and before.size < LARGEST:
        first = before.repeats
        if repeats == (first + 1 if type(first) is int else first):
            return BatchSoFar(shared, repeats, before.size + 1)
    return BatchSoFar(shared, repeats, 1)
