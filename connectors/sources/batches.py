"""A stream in batches."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Each = TypeVar("Each")


def batches(stream: Iterable[Each], size: int) -> Iterator[list[Each]]:
    """``stream`` in lists of ``size``, the last of which may be shorter."""
    rest = iter(stream)
    while batch := list(islice(rest, size)):
        yield batch
