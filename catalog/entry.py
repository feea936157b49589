"""A catalogue entry 数据目录 as others see it: the definition, whose it is, and what is live."""

from typing import NamedTuple

from catalog.definition import Dataset


class Publisher(NamedTuple):
    """A department, as far as the catalogue names it."""

    code: str
    title_zh: str
    title_en: str


class Entry(NamedTuple):
    """One entry; ``as_of`` (milliseconds) is None before the first publication."""

    dataset: Dataset
    provider: Publisher
    as_of: int | None
