"""Rows of a published dataset: those of its live generation, which change sets bring and end.

    reset     every row that stands, by id; begun with a version, which is where changes go on
    changes   by version: what it ended (part 0), then what came with it and stands (part 1)

A repaired record is told as removed when it is repaired and its row may be known, else not at all.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from operator import itemgetter

from hub.access.standing import Source, Standing
from hub.feeds.cursor import Cursor
from hub.feeds.told import Going, Step, Told
from hub.lookup.batch_ask import Subject
from hub.lookup.read import Records
from hub.storage.following import LAST, Begun, FollowedReader, Gone

_ENDED, _BEGUN, _DONE = 0, 1, 2
"""Parts of a version: told what it ended, told what came with it, told all."""


class PublishedRows:
    """The rows of a generation."""

    def __init__(
        self, source: Source, standing: Standing, records: Records, reader: FollowedReader
    ) -> None:
        self._source = source
        self._standing = standing
        self._records = records
        self._reader = reader
        self.place = source.version

    def reaches(self, cursor: Cursor, *, chosen: bool) -> bool:  # noqa: ARG002 as ``held.py`` needs it
        """Whether what has ended since is still known."""
        return self._reader.floor <= cursor.version <= self._source.version

    def first(self, cursor: Cursor, *, chosen: bool) -> Cursor:  # noqa: ARG002 the same
        """By id, from the first one."""
        return replace(cursor, version=self._source.version)

    def step(self, cursor: Cursor, room: int) -> Step:
        """The next rows of a reset, or the next changes."""
        return self._whole(cursor, room) if cursor.phase == "reset" else self._changed(cursor, room)

    def marked(self, pseudonym: bytes, subject: str, cursor: Cursor) -> Iterator[Told]:
        """As ``Rows`` says; what has ended otherwise is told by its version."""
        reader, version = self._reader, self._source.version
        for row in reader.begun_of(subject, version):
            if self._pseudonym(subject, row.values) == pseudonym:
                yield self._state(subject, pseudonym, row.values)
                return
        if self._standing.mark(pseudonym) == "repaired":
            for gone in reader.ended_of(subject, cursor.version, version):
                if self._gone_pseudonym(gone) == pseudonym:
                    yield Told(subject, pseudonym, None)
                    return

    def of_subject(
        self, asked: Subject, subject: str, cursor: Cursor, marked: AbstractSet[bytes], going: Going
    ) -> Iterator[Told]:
        """As ``Rows`` says."""
        for row in self._reader.begun_of(subject, self._source.version):
            pseudonym = self._pseudonym(subject, row.values)
            state = self._state(subject, pseudonym, row.values, asked)
            new = going is not Going.STAYS or row.version > cursor.version
            told = pseudonym in marked and going is not Going.JOINS
            if told or (new and state.values is not None):
                yield state._replace(values=None) if going is Going.LEAVES else state
        if going is Going.JOINS:
            return
        for gone in self._reader.ended_of(subject, cursor.version, self._source.version):
            pseudonym = self._gone_pseudonym(gone)
            if pseudonym in marked or self._standing.mark(pseudonym) != "repaired":
                yield Told(subject, pseudonym, None, asked=asked)

    def _whole(self, cursor: Cursor, room: int) -> Step:
        rows = self._reader.in_order(cursor.id, self._source.version, room)
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
        reader = self._reader
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

    def _state(
        self, subject: str, pseudonym: bytes, values: list[str], asked: Subject | None = None
    ) -> Told:
        """A row that stands, as its mark has it: a repaired one is removed."""
        mark = self._standing.mark(pseudonym) if self._source.marked else None
        if mark == "repaired":
            return Told(subject, pseudonym, None, asked=asked)
        return Told(subject, pseudonym, values, mark == "disputed", asked)

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

    def _subject_place(self) -> int:
        codes = [item.code for item in self._source.dataset.items]
        return codes.index(self._source.dataset.subject.item)

    def _pseudonym(self, subject: str, values: list[str]) -> bytes:
        row_key = self._records.row_key(self._source, values)
        return self._records.pseudonym(self._source, subject, row_key)

    def _gone_pseudonym(self, gone: Gone) -> bytes:
        return self._records.pseudonym(self._source, gone.subject, gone.row_key)
