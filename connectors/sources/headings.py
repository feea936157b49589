"""Where the headings stand: on the first row, or below rows of titles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.definition import Dataset, heading

__all__ = ["TITLE_ROWS", "Wanted", "heading"]

TITLE_ROWS = 30
"""Rows among which the headings are looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The headings that a dataset, and somebody's corrections (column by item), ask for."""

    dataset: Dataset
    corrections: Mapping[str, str]

    def items(self, cells: Sequence[str]) -> set[str]:
        """The items that ``cells`` would be headings of."""
        corrected = {heading(column): code for code, column in self.corrections.items()}
        items = set()
        for cell in cells:
            name = heading(cell)
            item = self.dataset.by_heading.get(name) if name else None
            if name in corrected:
                items.add(corrected[name])
            elif item is not None:
                items.add(item.code)
        return items

    def found(self, cells: Sequence[str]) -> int:
        """How many they are."""
        return len(self.items(cells))

    def complete(self, cells: Sequence[str]) -> bool:
        """Whether no item is missing that every row must have."""
        found = self.items(cells)
        return all(item.code in found for item in self.dataset.items if item.required)

    def place(self, rows: Sequence[Sequence[str]]) -> int:
        """Which of ``rows`` holds the headings: the first that holds most; 0 if none holds any."""
        counts = [self.found(row) for row in rows]
        return counts.index(max(counts)) if any(counts) else 0
