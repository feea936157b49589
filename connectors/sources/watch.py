"""Which values want a second look before they are sent: what is messy, and what a sheet has spoilt.

Nearly every value of a good source is plainly of its item's form. One regular expression a value
says so, the same in DuckDB (RE2) and in Python, and only the other rows cost more.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.definition import Item
from catalog.identifiers import PLAIN
from catalog.identifiers.normalise import SPACES

_SPACE = "".join(f"\\x{ord(each):02x}" if ord(each) < 256 else each for each in SPACES)  # noqa: PLR2004 one byte
# A blank at an end, the beginning of an error of a sheet (#N/A), or the sign of an exponent.
_ODD_TEXT = f"^[{_SPACE}#]|[{_SPACE}]$|[Ee][+]"
_PLAIN = {
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "integer": "[-+]?[0-9]*",
    "decimal": "[-+]?[0-9]*[.]?[0-9]*",
    "boolean": "[0-9A-Za-z是否]*",
}
_IDENTIFIER = "[0-9A-Z.]*"


@dataclass(frozen=True, slots=True)
class Look:
    """How values of one column are judged: ``expression`` must match whole, or nowhere."""

    index: int
    item: Item
    expression: str
    whole: bool

    @classmethod
    def of(cls, index: int, item: Item) -> "Look":
        """The look at an item's values."""
        if item.kinds:
            if PLAIN in item.kinds:
                return cls(index, item, _ODD_TEXT, whole=False)
            return cls(index, item, _IDENTIFIER, whole=True)
        if item.type == "code":
            known = sorted({*(item.codes or {}), *item.code_of_title})
            return cls(index, item, "|".join(re.escape(each) for each in known), whole=True)
        if item.pattern is not None:
            return cls(index, item, item.pattern, whole=True)
        plain = _PLAIN.get(item.type)
        if plain is None:
            return cls(index, item, _ODD_TEXT, whole=False)
        return cls(index, item, plain, whole=True)

    def odd(self) -> Callable[[str], bool]:
        """Whether a value wants a second look."""
        expression = re.compile(self.expression, re.ASCII)
        if self.whole:
            matches = expression.fullmatch
            return lambda value: matches(value) is None
        search = expression.search
        return lambda value: search(value) is not None

    def odd_sql(self, column: str) -> str:
        """The same in DuckDB's SQL; NULL for NULL."""
        literal = "'" + self.expression.replace("'", "''") + "'"
        if self.whole:
            return f"NOT regexp_full_match({column}, {literal})"
        return f"regexp_matches({column}, {literal})"


class Watch:
    """The columns to be sent, in order, and how their values are looked at."""

    def __init__(self, columns: Sequence[tuple[int, Item]]) -> None:
        self.indices = tuple(index for index, _ in columns)
        self.items = tuple(item for _, item in columns)
        self.looks = tuple(Look.of(index, item) for index, item in columns)
        self._odd = tuple((at, look.odd()) for at, look in enumerate(self.looks))

    def odd(self, row: Sequence[str | None]) -> bool:
        """Whether a row of the watched columns wants a second look."""
        for at, odd in self._odd:
            value = row[at]
            if value and odd(value):
                return True
        return False

    def odd_sql(self) -> str:
        """The same over columns ``c<index>``."""
        return " OR ".join(look.odd_sql(f"c{look.index}") for look in self.looks)
