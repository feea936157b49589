"""Which column of a source holds which item: by code, title, standard name or alias.

What does not match is ignored and shown; what a row must have and no column brings is an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.definition import Dataset, Item, heading
from connectors.sources.errors import ColumnsUnmatched, ItemsMissing, ItemTwice, MappingRefused


@dataclass(frozen=True, slots=True)
class Match:
    """A column, by its position and heading, and the item that it holds."""

    index: int
    column: str
    item: Item


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """All of it: matches in the file's order, columns ignored, optional items not brought."""

    matches: tuple[Match, ...]
    ignored: tuple[str, ...]
    absent: tuple[Item, ...]
    operation: int | None = None
    """The position of the column that says what is done with a row of a change set."""

    @property
    def indices(self) -> list[int]:
        """The positions of the matched columns."""
        return [match.index for match in self.matches]

    @property
    def items(self) -> list[str]:
        """The codes of the matched items, in the order of their columns."""
        return [match.item.code for match in self.matches]


def match_columns(
    columns: Sequence[str],
    dataset: Dataset,
    corrections: Mapping[str, str],
    *,
    operation: int | None = None,
    keys_only: bool = False,
) -> ColumnMapping:
    """Match ``columns`` to the items of ``dataset``; ``corrections`` give columns by item code.

    The column ``operation`` is no item. ``keys_only``: a row must have its row key and nothing
    more. Raises ``MappingRefused``, ``ItemTwice``, ``ColumnsUnmatched`` or ``ItemsMissing``.
    """
    corrected = _corrected(columns, dataset, corrections)
    found: dict[str, Match] = {}
    ignored: list[str] = []
    for index, column in enumerate(columns):
        if index == operation:
            continue
        item = corrected.get(index)
        if item is None and heading(column):
            item = dataset.column(column)
            if item is not None and item.code in corrections:
                item = None  # somebody said that another column holds it
        if item is None:
            ignored.append(column)
        elif item.code in found:
            raise ItemTwice(item=item.code, columns=f"{found[item.code].column}, {column}")
        else:
            found[item.code] = Match(index, column, item)
    if not found:
        raise ColumnsUnmatched(dataset=dataset.code)
    missing = [item for item in dataset.items if item.code not in found]
    required = [
        item.code
        for item in missing
        if (item.code in dataset.row_key if keys_only else item.required)
    ]
    if required:
        raise ItemsMissing(items=", ".join(required))
    return ColumnMapping(tuple(found.values()), tuple(ignored), tuple(missing), operation)


def read_corrections(entries: Sequence[str]) -> dict[str, str]:
    """``item=column`` entries as columns by item; raises ``MappingRefused``."""
    corrections: dict[str, str] = {}
    for entry in entries:
        item, equals, column = entry.partition("=")
        item, column = item.strip(), column.strip()
        if not equals or not item or not column:
            raise MappingRefused(entry=entry, why="form")
        if item in corrections:
            raise MappingRefused(entry=entry, why="item-twice")
        corrections[item] = column
    return corrections


def _corrected(
    columns: Sequence[str], dataset: Dataset, corrections: Mapping[str, str]
) -> dict[int, Item]:
    positions = {heading(column): index for index, column in enumerate(columns)}
    corrected: dict[int, Item] = {}
    for code, column in corrections.items():
        entry = f"{code}={column}"
        item, index = dataset.by_code.get(code), positions.get(heading(column))
        if item is None:
            raise MappingRefused(entry=entry, why="item-unknown")
        if index is None:
            raise MappingRefused(entry=entry, why="column-unknown")
        if index in corrected:
            raise MappingRefused(entry=entry, why="column-twice")
        corrected[index] = item
    return corrected
