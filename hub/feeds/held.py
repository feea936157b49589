"""Rows of materials and licences: what nobody publishes is told in the order of the log.

A record's place is that of the newest entry that changed what a lookup tells of it. So one sweep
through the places tells everything, and later what has changed since: whatever changes gets a place
behind all others. A record that a lookup does not show is removed.

    reset     the first sweep; what was not shown before it began was never told, and is not
    changes   the same sweep, gone on with
    days      what was past its last day since the sweep was here last: no entry says so

Rows are called by their row keys, not by pseudonyms: of a material that was destroyed no subject is
left, and it is removed without naming anybody. Whoever follows chosen subjects begins anew then.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace

from certs.canonical import canonical
from hub.access.standing import Source, Standing
from hub.feeds.cursor import Cursor
from hub.feeds.told import Going, Step, Told
from hub.lookup.batch_ask import Subject
from hub.lookup.read import Records
from hub.storage.generation import ROW_KEY_SEPARATOR
from hub.storage.held import Held, Place


class HeldRows:
    """Materials or licences of one type; ``today`` is a day of Asia/Shanghai."""

    def __init__(self, source: Source, standing: Standing, records: Records, today: str) -> None:
        self._source = source
        self._dataset = source.dataset
        self._standing = standing
        self._records = records
        self._holding = records.holding(source)
        self._today = today
        # What stands at or before this position has been told by whoever comes to its end.
        self.place = self._holding.newest(source.dataset) + 1

    def reaches(self, cursor: Cursor, *, chosen: bool) -> bool:
        """Whether nothing was destroyed since of which it cannot be told whose it was."""
        if not 0 <= cursor.version <= self.place:
            return False
        return not (chosen and self._holding.nameless_since(self._dataset, cursor.version))

    def first(self, cursor: Cursor, *, chosen: bool) -> Cursor:
        """From the first place there is; ``to_version`` says what was there when it began."""
        version = self.place if chosen else 0
        return replace(cursor, version=version, to_version=self.place, day=self._today)

    def step(self, cursor: Cursor, room: int) -> Step:
        """The next of the sweep, and behind its end what the clock has ended."""
        if cursor.phase == "days":
            return self._ended(cursor, room)
        return self._swept(cursor, room)

    def marked(self, pseudonym: bytes, subject: str, cursor: Cursor) -> Iterator[Told]:  # noqa: ARG002 as ``published.py`` needs it
        """As ``Rows`` says; what is not shown any more is told by its place."""
        for row in self._holding.of(self._dataset, subject):
            if row.values is not None and self._pseudonym(row) == pseudonym:
                yield self._state(row)

    def of_subject(
        self, asked: Subject, subject: str, cursor: Cursor, marked: AbstractSet[bytes], going: Going
    ) -> Iterator[Told]:
        """As ``Rows`` says."""
        for row in self._holding.of(self._dataset, subject):
            state = self._state(row)._replace(asked=asked)
            changed = row.place.changed >= cursor.version or self._is_over(row, cursor.day)
            told = self._pseudonym(row) in marked
            if state.values is None:
                gone = told or (row.values is None and changed and not self._repaired(row))
                if gone and going is not Going.JOINS:
                    yield state
            elif going is Going.LEAVES:
                yield state._replace(values=None)
            elif changed or told or going is not Going.STAYS:
                yield state

    def _swept(self, cursor: Cursor, room: int) -> Step:
        after = Place(cursor.version, cursor.name, cursor.part)
        rows = self._holding.in_order(self._dataset, after, room)
        first = cursor.phase == "reset"
        told = [
            self._state(row)
            for row in rows
            if not self._repaired(row)
            and (row.values is not None or not first or row.place.changed >= cursor.to_version)
        ]
        if len(rows) == room:
            version, name, part = rows[-1].place
            return Step(told, replace(cursor, version=version, name=name, part=part), more=True)
        rest = self._at_rest(cursor, rows)
        due = cursor.day < self._today
        if due:
            rest = replace(rest, phase="days", to_day=self._today)
        return Step(told, rest, more=due, ends=first)

    def _at_rest(self, cursor: Cursor, rows: list[Held]) -> Cursor:
        """Behind everything that there is: no entry to come has its position."""
        version = cursor.version + 1 if cursor.name else cursor.version
        if rows:
            version = rows[-1].place.changed + 1
        return replace(cursor, phase="changes", version=version, name="", part=0, to_version=0)

    def _ended(self, cursor: Cursor, room: int) -> Step:
        days, after = (cursor.day, cursor.to_day), Place(0, cursor.name, cursor.part)
        rows = self._holding.ending(self._dataset, days, after, room)
        told = [
            self._state(row)
            for row in rows
            if self._is_over(row, cursor.day) and not self._repaired(row)
        ]
        if len(rows) == room:
            _, name, part = rows[-1].place
            return Step(told, replace(cursor, name=name, part=part), more=True)
        rest = replace(cursor, phase="changes", day=cursor.to_day, to_day="", name="", part=0)
        return Step(told, rest, more=True)

    def _is_over(self, row: Held, since: str) -> bool:
        """Whether a row's last day has passed since a day."""
        return row.values is not None and since <= row.until < self._today and row.until != ""

    def _state(self, row: Held) -> Told:
        """A row as a lookup would show it, or removed."""
        named = canonical([self._dataset.code, *row.row_key])
        mark = self._mark(row)
        values = None if mark == "repaired" else row.values
        disputed = values is not None and mark == "disputed"
        return Told(row.subject, named, values, disputed, kind=row.kind)

    def _repaired(self, row: Held) -> bool:
        """What was repaired was told with its mark, or was never known."""
        return self._mark(row) == "repaired"

    def _mark(self, row: Held) -> str | None:
        if not self._source.marked or row.subject is None:
            return None
        return self._standing.mark(self._pseudonym(row))

    def _pseudonym(self, row: Held) -> bytes:
        if row.subject is None:
            return b""
        row_key = ROW_KEY_SEPARATOR.join(row.row_key)
        return self._records.pseudonym(self._source, row.subject, row_key)
