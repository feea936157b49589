"""Which entries the keys of a class and month sealed, found without reading the whole log."""

from collections.abc import Iterator

from certs.leaf import read_leaf
from hub.ledger.retention import entered_in
from hub.ledger.spans import Spans
from hub.storage.sqlite import Connection

WINDOW = 2000
"""Entries looked at in one statement, so that no read holds the log of writes back for long."""


def positions(connection: Connection, retention: str, in_month: str) -> Iterator[int]:
    """Where *person* parts of a class and month still lie, in order."""
    numbers = {
        number
        for (number,) in connection.execute(
            "SELECT id FROM person_keys WHERE retention = ? AND month = ?", (retention, in_month)
        )
    }
    place, end = (_first_at(connection, time) for time in entered_in(in_month))
    while place < end:
        rows = connection.execute(
            "SELECT position, person_key FROM entries"
            " WHERE position >= ? AND position < ? AND person IS NOT NULL ORDER BY position",
            (place, min(place + WINDOW, end)),
        ).fetchall()
        yield from (position for position, number in rows if number in numbers)
        place += WINDOW


def has_more(connection: Connection, retention: str, in_month: str, kept: Spans) -> bool:
    """Whether anything of a class and month can be erased, or nothing is left of it at all.

    Takes as long as ``positions`` where all that is left is ``kept``.
    """
    spans = iter(kept)
    span = next(spans, None)
    position = None
    for position in positions(connection, retention, in_month):
        while span is not None and span[1] <= position:
            span = next(spans, None)
        if span is None or position < span[0]:
            return True
    return position is None


def can_be_opened(connection: Connection, retention: str, in_month: str) -> bool:
    """Whether any key of a class and month is left."""
    row = connection.execute(
        "SELECT 1 FROM person_keys WHERE retention = ? AND month = ? AND wrapped IS NOT NULL",
        (retention, in_month),
    ).fetchone()
    return row is not None


def _first_at(connection: Connection, time: int) -> int:
    """The first position entered at ``time`` or later: times never run backwards in the log."""
    low, high = 0, connection.execute("SELECT next FROM ledger_head").fetchone()[0]
    while low < high:
        middle = (low + high) // 2
        (leaf,) = connection.execute(
            "SELECT leaf FROM entries WHERE position = ?", (middle,)
        ).fetchone()
        if read_leaf(leaf).time < time:
            low = middle + 1
        else:
            high = middle
    return int(low)
