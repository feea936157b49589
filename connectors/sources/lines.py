"""Rows as the CSV lines (RFC 4180) that are sent; DuckDB writes its own."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence

from connectors.sources.source import Fault, Line, Row
from connectors.sources.watch import Watch

_END = "\r\n"


class _Sink:
    """What a ``csv.writer`` writes into: it gives each row in one piece."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text = text


def line_writer() -> Callable[[Sequence[str | None]], str]:
    """A function that gives the line of a row, without its end."""
    sink = _Sink()
    # The writer quotes what stands in the end of its lines, so both characters must be in it.
    write = csv.writer(sink, lineterminator=_END).writerow

    def line(row: Sequence[str | None]) -> str:
        write(row)
        return sink.text[: -len(_END)]

    return line


def written(rows: Iterable[tuple[int, Row | Fault]], watch: Watch) -> Iterator[Line]:
    """Rows of the watched columns, with their places; as themselves if they want a second look."""
    line, odd = line_writer(), watch.odd
    for place, row in rows:
        if isinstance(row, Fault) or odd(row):
            yield "", row, place
        else:
            yield line(row), None, place
