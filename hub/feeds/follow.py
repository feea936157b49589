"""Steps 4 and 5 of a page: what is to be told next, and where that leads.

Told is always the state as it stands now, of what has changed since. So it does not matter in which
order rows, change sets and marks are gone through, as long as none is left out:

    reset     every row that stands, by id; begun with a version, which is where changes go on
    changes   by version: what it ended (part 0), then what came with it and stands (part 1)
    marks     before either, as they were made: a repair is not to wait
    subjects  the same for chosen subjects, one by one

A repaired record is told as removed when it is repaired and its row may be known, else not at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple

from catalog.identifiers import check_any
from hub.access.standing import Source, Standing
from hub.feeds.cursor import Cursor
from hub.feeds.marks import MarkChanges, MarkUnknown
from hub.lookup.batch_ask import Subject
from hub.lookup.read import Records
from hub.storage.following import LAST, Begun, FollowedReader, Gone

_ENDED, _BEGUN, _DONE = 0, 1, 2
"""Parts of a version: told what it ended, told what came with it, told all."""


class Told(NamedTuple):
    """One change. ``values`` is None for what is removed; ``case`` the subject's, if it has one."""

    subject: str
    pseudonym: bytes
    values: list[str] | None
    disputed: bool = False
    asked: Subject | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Some changes and where they lead. ``begins`` and ``ends`` are a reset's; ``more`` may be."""

    told: list[Told]
    cursor: Cursor
    more: bool
    begins: bool = False
    ends: bool = False


class Following:
    """What is followed, at one epoch. Raises ``GenerationGone`` or ``SealBroken``."""

    def __init__(
        self,
        source: Source,
        standing: Standing,
        records: Records,
        marks: MarkChanges,
        subjects: Sequence[Subject] | None = None,
    ) -> None:
        self._source = source
        self._standing = standing
        self._records = records
        self._marks = marks
        self._subjects = subjects
        self._reader: FollowedReader | None = (
            None if source.generation is None else records.reader(source, standing)
        )

    def begin(self, cursor: Cursor | None, terms: str, scope: str) -> tuple[Cursor, bool]:
        """Where to go on, and whether that is a reset.

        It is one at first, after a full publication, with other terms, or if what has ended since
        is not known any more.
        """
        source, generation = self._source, self._source.generation or ""
        known = cursor is not None and (cursor.generation, cursor.terms, cursor.scope) == (
            generation, terms, scope
        )  # fmt: skip
        if cursor is not None and known and self._floor() <= cursor.version <= source.version:
            return cursor, False
        newest = self._marks.newest(source.dataset.code)
        whole = Cursor(generation, terms, scope, "reset", source.version, 0, 0, newest)
        if self._subjects is not None:
            return replace(whole, to_version=source.version, to_marks=newest), True
        return whole, True

    def step(self, cursor: Cursor, room: int) -> Step:
        """The next changes, at most ``room``; raises ``MarkUnknown`` if only a reset helps."""
        if self._reader is None:
            ends = cursor.phase == "reset"
            return Step([], replace(cursor, phase="changes", part=_DONE), more=False, ends=ends)
        if self._subjects is not None:
            return self._of_subjects(cursor, room, self._subjects)
        marks = self._marked(cursor, room)
        if marks is not None:
            return marks
        if cursor.phase == "reset":
            return self._whole(cursor, room)
        return self._changed(cursor, room)

    def _floor(self) -> int:
        return 0 if self._reader is None else self._reader.floor

    # -- marks ----------------------------------------------------------------------------------
    def _marked(self, cursor: Cursor, room: int) -> Step | None:
        """What the next marks change; None if there are none."""
        found = self._marks.after(self._source.dataset.code, cursor.marks, room)
        if not found:
            return None
        told: list[Told] = []
        for pseudonym in dict.fromkeys(change.pseudonym for change in found):
            told += self._marked_one(pseudonym, cursor)
        # One mark is one row; more could only be where a row key stands twice.
        return Step(told, replace(cursor, marks=found[-1].position), more=True)

    def _marked_one(self, pseudonym: bytes, cursor: Cursor) -> list[Told]:
        kind, identifier = self._marks.subject(pseudonym)
        subject = check_any((kind,), identifier).value
        reader, version = self._opened(), self._source.version
        for row in reader.begun_of(subject, version):
            if self._pseudonym(subject, row.values) == pseudonym:
                return [self._state(subject, pseudonym, row.values)]
        if self._standing.mark(pseudonym) == "repaired":
            for gone in reader.ended_of(subject, cursor.version, version):
                if self._gone_pseudonym(gone) == pseudonym:
                    return [Told(subject, pseudonym, None)]
        return []  # what has ended is told by its version

    def _state(
        self, subject: str, pseudonym: bytes, values: list[str], asked: Subject | None = None
    ) -> Told:
        """A row that stands, as its mark has it: a repaired one is removed."""
        mark = self._standing.mark(pseudonym) if self._source.marked else None
        if mark == "repaired":
            return Told(subject, pseudonym, None, asked=asked)
        return Told(subject, pseudonym, values, mark == "disputed", asked)

    # -- everything -----------------------------------------------------------------------------
    def _whole(self, cursor: Cursor, room: int) -> Step:
        rows = self._opened().in_order(cursor.id, self._source.version, room)
        told = list(self._unrepaired(rows))
        if len(rows) == room:
            return Step(told, replace(cursor, id=rows[-1].id), more=True)
        after = replace(cursor, phase="changes", part=_DONE, id=0)
        return Step(told, after, more=cursor.version < self._source.version, ends=True)

    def _changed(self, cursor: Cursor, room: int) -> Step:
        version, part, id_ = cursor.version, cursor.part, cursor.id
        target = self._source.version
        if version >= target and part == _DONE:
            return Step([], cursor, more=False)
        reader = self._opened()
        ended = reader.ended((version, id_ if part == _ENDED else LAST), target, room)
        came = {_ENDED: -1, _BEGUN: id_, _DONE: LAST}[part]
        begun = reader.begun((version, came), target, room)
        # Only when both are known up to a place may that place be told.
        events: list[tuple[int, int, int, Gone | Begun]] = [
            *((gone.version, _ENDED, gone.id, gone) for gone in ended),
            *((row.version, _BEGUN, row.id, row) for row in begun),
        ]
        chosen = sorted(events, key=itemgetter(0, 1, 2))[:room]
        told: list[Told] = []
        for *_, event in chosen:
            told += self._gone(event) if isinstance(event, Gone) else self._unrepaired([event])
        if len(chosen) == room:
            last = chosen[-1]
            after = replace(cursor, version=last[0], part=last[1], id=last[2])
            return Step(told, after, more=True)
        return Step(told, replace(cursor, version=target, part=_DONE, id=0), more=False)

    def _unrepaired(self, rows: Sequence[Begun]) -> Iterator[Told]:
        place = self._subject_place()
        for row in rows:
            subject = row.values[place]
            state = self._state(subject, self._pseudonym(subject, row.values), row.values)
            if state.values is not None:
                yield state

    def _gone(self, gone: Gone) -> Iterator[Told]:
        """What has ended; what was repaired was told with its mark, or was never known."""
        pseudonym = self._gone_pseudonym(gone)
        if not self._source.marked or self._standing.mark(pseudonym) != "repaired":
            yield Told(gone.subject, pseudonym, None)

    # -- chosen subjects ------------------------------------------------------------------------
    def _of_subjects(self, cursor: Cursor, room: int, subjects: Sequence[Subject]) -> Step:
        """The next subjects' changes; each subject's stand on one page, whatever their number."""
        code, reset = self._source.dataset.code, cursor.phase == "reset"
        if not reset and not cursor.id:
            newest = self._marks.newest(code)
            cursor = replace(cursor, to_version=self._source.version, to_marks=newest)
            if (cursor.version, cursor.marks) == (cursor.to_version, cursor.to_marks):
                return Step([], cursor, more=False)
        marked = frozenset() if reset else self._marks.pseudonyms_after(code, cursor.marks)
        told: list[Told] = []
        place = cursor.id
        while place < len(subjects) and len(told) < room:
            found = list(self._of_one(subjects[place], cursor, marked, reset=reset))
            if told and len(told) + len(found) > room:
                break
            told += found
            place += 1
        if place < len(subjects):
            return Step(told, replace(cursor, id=place), more=True)
        after = replace(
            cursor,
            phase="subjects",
            version=cursor.to_version,
            marks=cursor.to_marks,
            id=0,
        )
        return Step(told, after, more=after.version < self._source.version, ends=reset)

    def _of_one(
        self, asked: Subject, cursor: Cursor, marked: frozenset[bytes], *, reset: bool
    ) -> Iterator[Told]:
        kind, identifier, _ = asked
        checked = check_any((kind,), identifier)
        if kind not in self._source.dataset.subject.kinds or checked.verdict == "invalid":
            return
        subject, reader = checked.value, self._opened()
        for row in reader.begun_of(subject, self._source.version):
            pseudonym = self._pseudonym(subject, row.values)
            state = self._state(subject, pseudonym, row.values, asked)
            new = reset or row.version > cursor.version
            if pseudonym in marked or (new and state.values is not None):
                yield state
        for gone in () if reset else reader.ended_of(subject, cursor.version, self._source.version):
            pseudonym = self._gone_pseudonym(gone)
            if pseudonym in marked or self._standing.mark(pseudonym) != "repaired":
                yield Told(subject, pseudonym, None, asked=asked)

    # -- rows -----------------------------------------------------------------------------------
    def _opened(self) -> FollowedReader:
        if self._reader is None:
            raise MarkUnknown
        return self._reader

    def _subject_place(self) -> int:
        codes = [item.code for item in self._source.dataset.items]
        return codes.index(self._source.dataset.subject.item)

    def _pseudonym(self, subject: str, values: list[str]) -> bytes:
        row_key = self._records.row_key(self._source, values)
        return self._records.pseudonym(self._source, subject, row_key)

    def _gone_pseudonym(self, gone: Gone) -> bytes:
        return self._records.pseudonym(self._source, gone.subject, gone.row_key)
