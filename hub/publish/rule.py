"""What the check of one value consists of in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """The check of one value.

    ``before`` are columns that ``quick`` needs; they are computed for every row, because DuckDB
    computes what stands several times inside a CASE as many times. ``quick`` gives the value of a
    raw one that is plainly valid, else NULL: nearly every value of a good source ends there. For
    the others ``steps`` are computed one after the other, each a column of its own that the next
    may use; then ``reason`` (a number of ``reasons``) and ``value`` (without meaning where the
    reason rejects).
    """

    before: Mapping[str, str]
    quick: str
    steps: tuple[Mapping[str, str], ...]
    reason: str
    value: str
