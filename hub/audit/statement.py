"""A statement for the person concerned: who looked, when, for what, under which grant.

Whoever is concerned asks the authority; an auditor makes the statement and hands it over, on paper
and as a file (``statement_file.py``). Personal Information Protection Law, Arts 44 and 45; what its
Art 45 excepts (Arts 18 and 35) an auditor leaves out entry by entry, for no purpose of the register
is marked as one that is kept from the person.

A statement is an entry: its *control* holds how many entries were told and a digest over them, its
*person* part whom they are about. What was left out stands in the entry behind it, which names
nobody: so neither the file nor a later statement for the same person holds it.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from certs.canonical import Json, canonical
from certs.encoding import b64u, digest, from_rfc3339, rfc3339
from hub.audit.parts import Parts, read_parts
from hub.audit.rows import Row
from hub.audit.search import AUDIT_READ, LONGEST_TEXT, AuditIndex, Filters
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.ledger.persons import PersonKeys
from hub.ledger.spans import gathered, read_spans, told
from hub.storage.sqlite import Connection

MOST = 5000
"""Entries of one statement: some 8 MB of file. Of more the newest are told, and that there are."""

STEP = 100
"""Entries opened or proven before others are let in: some 10 ms of each."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a statement is for, over which time, and the reference of the request as its basis.

    Times are milliseconds, ``until`` is exclusive.
    """

    subject: str
    basis: str
    since: int | None = None
    until: int | None = None

    def filters(self, below: int | None = None) -> Filters:
        """What the log is searched for."""
        return Filters(
            subject=self.subject, since=self.since, until=self.until, before=below, limit=MOST
        )


@dataclass(frozen=True, slots=True)
class Stated:
    """An entry that is told, with its parts."""

    row: Row
    parts: Parts


@dataclass(frozen=True, slots=True)
class Draft:
    """What an auditor chooses from: entries below ``below``, oldest first; ``more`` are older."""

    asked: Asked
    below: int
    more: bool
    entries: tuple[Stated, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was entered at ``entry``, at ``made``; its officers are in ``entries``.

    ``omitted`` is how many entries were left out, None where that is not told either.
    """

    entry: int
    made: int
    asked: Asked
    below: int
    more: bool
    omitted: int | None
    entries: tuple[Stated, ...]


class Statements:
    """Makes statements and opens them again."""

    def __init__(
        self, index: AuditIndex, changes: Changes, reading: Connection, persons: PersonKeys
    ) -> None:
        self._index = index
        self._changes = changes
        self._reading = reading
        self._persons = persons

    async def draft(self, actor: Actor, asked: Asked) -> Draft:
        """What could be told, after the search for it has been entered durably.

        Raises ``Unprocessable`` for a request out of bounds.
        """
        _require(asked)
        page = self._index.search(self._changes, actor, replace(asked.filters(), limit=1))
        return await self._drafted(asked, page.entry)

    async def make(
        self,
        actor: Actor,
        asked: Asked,
        below: int,
        left_out: Collection[int] = (),
        *,
        count_told: bool = False,
    ) -> Statement:
        """Enter a statement over a draft, without the entries at these positions.

        Entries that would tell of one that is left out are left out with it. Raises
        ``Unprocessable`` for a request out of bounds, or a position that is not in the draft.
        """
        _require(asked)
        # 1 What the auditor chose from, once more.
        draft = await self._drafted(asked, below)
        if not set(left_out) <= {one.row.position for one in draft.entries}:
            raise Unprocessable(why="statement-entries")
        # 2 Without what may not be told, and what would tell of it.
        hidden = with_followers(draft.entries, left_out)
        kept = tuple(one for one in draft.entries if one.row.position not in hidden)
        omitted = len(hidden) if count_told else None
        # 3 Enter it. What was left out is entered too, where nobody's name leads to it; always, so
        #   that its being there tells nothing.
        state: dict[str, Json] = {
            "basis": asked.basis,
            "below": draft.below,
            "count": len(kept),
            "more": draft.more,
            "omitted": omitted,
            "since": None if asked.since is None else rfc3339(asked.since),
            "told": told_digest(kept),
            "until": None if asked.until is None else rfc3339(asked.until),
        }
        with self._changes.change(actor, moves_epoch=False) as change:
            made = change.time
            subject = ("searched", asked.subject)
            entry = change.append(AUDIT_READ, {"statement": state}, subject=subject)
            spans = told(gathered(sorted(hidden)))
            change.append(AUDIT_READ, {"omitted": spans, "of": entry})
        return Statement(entry, made, asked, draft.below, draft.more, omitted, kept)

    async def reopen(self, entry: int) -> Statement:
        """The statement that was entered at ``entry``, as it was made.

        Raises ``NotFound`` if there is none or its *person* part was erased, and ``Conflict`` if
        what it told does not stand any more: erased, or found under other names meanwhile.
        """
        own = read_parts(self._reading, self._persons, entry)
        state = _statement(own.control)
        subject = None if own.person is None else own.person["subject"]
        if state is None or not isinstance(subject, dict):
            raise NotFound(what="entry")
        asked = Asked(
            subject=str(subject["id"]),
            basis=str(state["basis"]),
            since=_moment(state["since"]),
            until=_moment(state["until"]),
        )
        draft = await self._drafted(asked, cast("int", state["below"]))
        hidden = self._omitted(entry)
        kept = tuple(one for one in draft.entries if one.row.position not in hidden)
        if told_digest(kept) != state["told"]:
            raise Conflict(why="statement-changed")
        return Statement(
            entry=entry,
            made=from_rfc3339(str(own.told["time"])),
            asked=asked,
            below=draft.below,
            more=bool(state["more"]),
            omitted=cast("int | None", state["omitted"]),
            entries=kept,
        )

    def hand_over(self, actor: Actor, statement: Statement) -> int:
        """Enter that the file of a statement is given out; gives the entry's position."""
        with self._changes.change(actor, moves_epoch=False) as change:
            subject = ("searched", statement.asked.subject)
            return change.append(AUDIT_READ, {"file": statement.entry}, subject=subject)

    def opened(self, position: int) -> Parts:
        """The parts of an entry; raises ``NotFound``."""
        return read_parts(self._reading, self._persons, position)

    async def _drafted(self, asked: Asked, below: int) -> Draft:
        reached, rows = self._index.about(asked.filters(below))
        if not 0 <= below <= reached:
            raise Unprocessable(why="statement-entries")
        found: list[Stated] = []
        for count, row in enumerate(reversed(rows[:MOST])):
            if row.about:
                found.append(Stated(row, self.opened(row.position)))
            if count % STEP == 0:
                await asyncio.sleep(0)
        # What was erased between the index and here is not told.
        entries = tuple(one for one in found if one.parts.person is not None)
        return Draft(asked, reached, len(rows) > MOST, entries)

    def _omitted(self, entry: int) -> set[int]:
        """What was left out of a statement: it stands behind it, entered with it."""
        state = cast("dict[str, Json]", self.opened(entry + 1).control["state"])
        return {
            position
            for first, end in read_spans(state.get("omitted"))
            for position in range(first, end)
        }


def _require(asked: Asked) -> None:
    if not 0 < len(asked.subject) <= LONGEST_TEXT:
        raise Unprocessable(why="subject")
    if not 0 < len(asked.basis) <= LONGEST_TEXT:
        raise Unprocessable(why="statement-basis")


def told_digest(entries: Sequence[Stated]) -> str:
    """A digest over the entries of a statement: which they are, and their own secret salts.

    Whoever holds the file makes it again; whoever has the log's *control* parts alone cannot try
    positions until it fits, for the salts of *person* parts are in no export.
    """
    pairs: list[Json] = [[one.row.position, b64u(one.parts.person_salt)] for one in entries]
    return digest(canonical(pairs))


def with_followers(entries: Sequence[Stated], left_out: Collection[int]) -> set[int]:
    """The positions left out, and those of entries whose *control* would tell of one of them.

    A repeated question names the one that it repeats; an auditor's reading, what was read; a notice
    and a case, what they rest on. A number that merely is the same hides its entry too: rather one
    too many than one that tells.
    """
    hidden = set(left_out)
    for one in entries:  # in order: an entry can only speak of earlier ones
        control = one.parts.control
        if not hidden.isdisjoint(_numbers([control.get("repeats"), control.get("state")])):
            hidden.add(one.row.position)
    return hidden


def _numbers(value: Json) -> Iterator[int]:
    """Every whole number in it, at whatever depth."""
    if type(value) is int:
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _numbers(member)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for member in value:
            yield from _numbers(member)


def _statement(control: dict[str, Json]) -> dict[str, Json] | None:
    state = control.get("state")
    found = state.get("statement") if isinstance(state, dict) else None
    return found if isinstance(found, dict) else None


def _moment(value: Json) -> int | None:
    return None if value is None else from_rfc3339(str(value))
