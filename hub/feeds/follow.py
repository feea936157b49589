"""Steps 4 and 5 of a page: what is to be told next, and where that leads.

Told is always the state as it stands now, of what has changed since. So it does not matter in which
order rows and marks are gone through, as long as none is left out:

    marks     before all else, as they were made: a repair is not to wait
    rows      published ones (``published.py``), or materials and licences (``held.py``)
    subjects  the same for chosen subjects (``scope.py``), one by one, in rounds

A round over chosen subjects ends where everything stood when it began; what comes meanwhile is told
in the next one, or in both.
"""

from collections.abc import Iterator
from dataclasses import replace

from catalog.identifiers import check_any
from hub.access.standing import Source, Standing
from hub.feeds.cursor import Cursor, Cursors
from hub.feeds.held import HeldRows
from hub.feeds.marks import MarkChanges
from hub.feeds.published import PublishedRows
from hub.feeds.scope import Member, Scope
from hub.feeds.told import Rows, Step, Told
from hub.lookup.read import Records

VISITED = 64
"""Subjects that one step goes through at most: some two milliseconds of work."""


class Following:
    """What is followed, at one epoch. Raises ``GenerationGone`` or ``SealBroken``.

    ``department`` is the full name of who follows, ``today`` a day of Asia/Shanghai; ``scope`` None
    is everything.
    """

    def __init__(
        self,
        source: Source,
        standing: Standing,
        records: Records,
        marks: MarkChanges,
        *,
        cursors: Cursors,
        department: str,
        today: str,
        scope: Scope | None = None,
    ) -> None:
        self._source = source
        self._marks = marks
        self._cursors = cursors
        self._department = department
        self._today = today
        self._scope = scope
        self._rows: Rows | None = None
        if source.dataset.source != "copied":
            self._rows = HeldRows(source, standing, records, today)
        elif source.generation is not None:
            reader = records.reader(source, standing)
            self._rows = PublishedRows(source, standing, records, reader)
        self._members: list[Member] | None = None

    def begin(self, cursor: Cursor | None, terms: str) -> tuple[Cursor, bool]:
        """Where to go on, and whether that is a reset.

        It is one at first, after a full publication, with other terms, for other subjects, or if
        what has ended since is not known any more.
        """
        generation, scope = self._source.generation or "", self._scope
        name = "" if scope is None else scope.name
        known = cursor is not None and (cursor.generation, cursor.terms, cursor.scope) == (
            generation, terms, name
        )  # fmt: skip
        if cursor is not None and known and self._reaches(cursor):
            return cursor, False
        newest = self._marks.newest(self._source.dataset.code)
        whole = Cursor(generation, terms, name, "reset", 0, 0, 0, newest)
        if self._rows is not None:
            whole = self._rows.first(whole, chosen=scope is not None)
        if scope is not None:
            whole = replace(self._to_now(whole, scope), cases=scope.turn)
        return whole, True

    def step(self, cursor: Cursor, room: int) -> Step:
        """The next changes, at most ``room``; raises ``MarkUnknown`` if only a reset helps."""
        if self._rows is None:
            ends = cursor.phase == "reset"
            return Step([], replace(cursor, phase="changes"), more=False, ends=ends)
        if self._scope is not None:
            return self._of_subjects(cursor, room, self._scope, self._rows)
        marks = self._marked(cursor, room, self._rows)
        return self._rows.step(cursor, room) if marks is None else marks

    def _reaches(self, cursor: Cursor) -> bool:
        scope = self._scope
        if scope is not None and not scope.reaches(cursor):
            return False
        return self._rows is None or self._rows.reaches(cursor, chosen=scope is not None)

    def _marked(self, cursor: Cursor, room: int, rows: Rows) -> Step | None:
        """What the next marks change; None if there are none."""
        found = self._marks.after(self._source.dataset.code, cursor.marks, room)
        if not found:
            return None
        told: list[Told] = []
        for pseudonym in dict.fromkeys(change.pseudonym for change in found):
            kind, identifier = self._marks.subject(pseudonym)
            subject = check_any((kind,), identifier).value
            told += rows.marked(pseudonym, subject, cursor)
        # One mark is one row; more could only be where a row key stands twice.
        return Step(told, replace(cursor, marks=found[-1].position), more=True)

    # -- chosen subjects ------------------------------------------------------------------------
    def _to_now(self, cursor: Cursor, scope: Scope) -> Cursor:
        """Where a round that begins now will have come to."""
        return replace(
            cursor,
            to_version=0 if self._rows is None else self._rows.place,
            to_marks=self._marks.newest(self._source.dataset.code),
            to_day=self._today,
            to_cases=scope.turn,
        )

    def _of_subjects(self, cursor: Cursor, room: int, scope: Scope, rows: Rows) -> Step:
        """The next subjects' changes."""
        first = cursor.phase == "reset"
        if not first and not cursor.name:
            cursor = self._to_now(cursor, scope)
            if _at(cursor) == _to(cursor):
                return Step([], cursor, more=False)
        code = self._source.dataset.code
        marked = frozenset() if first else self._marks.pseudonyms_after(code, cursor.marks)
        if self._members is None:
            self._members = list(scope.members(cursor))
        left = [one for one in self._members if _is_left(one, cursor)]
        told: list[Told] = []
        for member in left[:VISITED]:
            for row, one in self._in_order(member, cursor, marked, rows):
                if len(told) == room:
                    return Step(told, cursor, more=True)
                told.append(one)
                cursor = replace(cursor, name=member.key, row=row)
            cursor = replace(cursor, name=member.key, row="")
        if len(left) > VISITED:
            return Step(told, cursor, more=True)
        self._members = None
        version, marks, day, cases = _to(cursor)
        after = replace(
            cursor,
            phase="subjects",
            version=version,
            marks=marks,
            day=day,
            cases=cases,
            name="",
        )
        return Step(told, after, more=version < rows.place, ends=first)

    def _in_order(
        self, member: Member, cursor: Cursor, marked: frozenset[bytes], rows: Rows
    ) -> list[tuple[str, Told]]:
        """What is left to tell of a subject, by how its rows are called: a page may end between."""
        found = self._of_one(member, cursor, marked, rows)
        named = [(self._cursors.row(self._department, one.record), one) for one in found]
        told = cursor.row if cursor.name == member.key else ""
        return sorted((one for one in named if one[0] > told), key=lambda one: one[0])

    def _of_one(
        self, member: Member, cursor: Cursor, marked: frozenset[bytes], rows: Rows
    ) -> Iterator[Told]:
        kind, identifier, _ = member.asked
        checked = check_any((kind,), identifier)
        if kind in self._source.dataset.subject.kinds and checked.verdict != "invalid":
            yield from rows.of_subject(member.asked, checked.value, cursor, marked, member.going)


def _at(cursor: Cursor) -> tuple[int, int, str, int]:
    return cursor.version, cursor.marks, cursor.day, cursor.cases


def _to(cursor: Cursor) -> tuple[int, int, str, int]:
    return cursor.to_version, cursor.to_marks, cursor.to_day, cursor.to_cases


def _is_left(member: Member, cursor: Cursor) -> bool:
    """Whether anything of a subject is still to be told in this round."""
    return member.key > cursor.name or (member.key == cursor.name and cursor.row != "")
