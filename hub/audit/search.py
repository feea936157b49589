"""Searches over the log: an index in memory, fed from the ledger, and each search an entry itself.

DuckDB holds one row an entry. It is derived: it is made anew at every start, nothing of it is
written to disk, and what was erased in the ledger goes from it when it is next met.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import duckdb

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.audit.rows import Pseudonyms, Row, columns, row_of
from hub.clock import DAY, SHANGHAI_AHEAD, Clock
from hub.errors import Unprocessable
from hub.ledger.change import Actor, Changes
from hub.ledger.persons import PersonKeys
from hub.ledger.spans import Spans, pieces
from hub.storage.sqlite import Connection

STEP = 500
"""Entries read in one step of catching up: some 20 ms, so that questions do not wait long."""
FORGOTTEN = 5000
"""Entries forgotten in one statement, for the same reason."""
PAGE = 50
LARGEST_PAGE = 500
LONGEST_TEXT = 200
AUDIT_READ = "audit-read"
"""The kind of entry that an audit's own reading makes."""

_TYPES = ("BIGINT", "BIGINT", *["VARCHAR"] * 11, "BLOB", "BIGINT", "BIGINT")
_TABLE = """
    CREATE TABLE log (
        position BIGINT NOT NULL, time BIGINT NOT NULL, kind VARCHAR NOT NULL, department VARCHAR,
        connector VARCHAR, channel VARCHAR, dataset VARCHAR, grant_id VARCHAR,
        delegation VARCHAR, outcome VARCHAR, purpose VARCHAR, officer VARCHAR,
        case_number VARCHAR, subject BLOB, request BIGINT, repeats BIGINT
    )
"""
_INSERT = "INSERT INTO log SELECT " + ", ".join(
    f"unnest(${place}::{kind}[])" for place, kind in enumerate(_TYPES, start=1)
)
_SELECT = (
    "SELECT position, time, kind, department, connector, channel, dataset, grant_id,"
    " delegation, outcome, purpose, officer, case_number, subject IS NOT NULL FROM log"
)


_BY_DAY = f"(time + {SHANGHAI_AHEAD}) // {DAY} AS day, purpose, channel, kind, outcome, delegation"
_COUNTS = """
    count(DISTINCT request) FILTER (repeats IS NULL),
    count(*) FILTER (repeats IS NULL AND NOT (kind = 'feed' AND outcome = 'empty')),
    count(*) FILTER (repeats IS NOT NULL),
    count(DISTINCT officer), count(DISTINCT case_number),
    count(*) FILTER (officer IS NULL AND outcome <> 'malformed' AND kind <> 'feed')
"""
# A question of before a grant was named has none; a change of the grant itself asks nothing.
_OF_GRANT = "FROM log WHERE grant_id = ? AND position < ? AND request IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Counts:
    """What was asked, counted.

    ``questions`` are signed requests, a batch is one; ``subjects`` what they were about;
    ``repeats`` are retries of the same question and in neither. ``unknown`` are entries whose
    *person* part was erased: ``officers`` and ``cases`` do not count them.
    """

    questions: int
    subjects: int
    repeats: int
    officers: int
    cases: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Used:
    """The counts of one day in Asia/Shanghai (counted from 1970) and one kind of question."""

    day: int
    purpose: str | None
    channel: str
    operation: str
    outcome: str
    delegation: str | None
    """Under which another department's window asked; None for what the grantee itself asked."""
    counts: Counts


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; every one given must hold. Codes are local, times milliseconds.

    ``subject`` is an identifier in any form; ``until`` is exclusive; ``before`` is the position
    where the next page goes on.
    """

    subject: str | None = None
    department: str | None = None
    officer: str | None = None
    dataset: str | None = None
    kind: str | None = None
    delegation: str | None = None
    since: int | None = None
    until: int | None = None
    before: int | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows, newest first; ``following`` is the next ``before``, None at the end.

    ``entry`` is where the search itself stands in the log.
    """

    rows: tuple[Row, ...]
    following: int | None
    entry: int


class Names(Protocol):
    """Under which other names the same is asked about: of licences the identifier."""

    def held(self, holder: str) -> list[str]:
        """The identifiers of what a person or a body holds."""

    def holders(self, identifier: str) -> list[str]:
        """Whose something is, by its identifier."""


class AuditIndex:
    """The index of one process."""

    def __init__(
        self,
        reading: Connection,
        persons: PersonKeys,
        pseudonyms: Pseudonyms,
        clock: Clock,
        names: Names | None = None,
    ) -> None:
        self._names = names
        self._reading = reading
        self._persons = persons
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._next = 0
        self._log: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """Forget everything."""
        if self._log is not None:
            self._log.close()
            self._log = None
        self._next = 0

    def step(self) -> bool:
        """Read the next entries of the ledger; say whether there may be more."""
        stored = self._reading.execute(
            "SELECT position, leaf, control, person, person_key FROM entries"
            " WHERE position >= ? ORDER BY position LIMIT ?",
            (self._next, STEP),
        ).fetchall()
        if stored:
            rows = [row_of(entry, self._persons, self._pseudonyms) for entry in stored]
            self._open().execute(_INSERT, columns(rows))
            self._next = stored[-1][0] + 1
        return len(stored) == STEP

    async def catch_up(self) -> None:
        """Read all that has come, letting others in between; call before ``search`` in the web."""
        more = True
        while more:
            more = self.step()
            await asyncio.sleep(0)

    async def forget(self, spans: Spans) -> None:
        """Take out whatever these entries said of people; the rows stay. Lets others in between."""
        for piece in pieces(spans, FORGOTTEN) if self._log is not None else ():
            self._drop([place for first, end in piece for place in range(first, end)])
            await asyncio.sleep(0)

    def search(self, changes: Changes, actor: Actor, filters: Filters) -> Page:
        """Search, after the search itself has been entered durably.

        The entry's *control* says by what was searched, its *person* part whom: subject and
        officer. Raises ``Unprocessable`` for filters out of bounds.
        """
        _check(filters)
        entry = _record(changes, actor, filters)
        while self.step():
            pass
        bound = entry if filters.before is None else min(entry, filters.before)
        found = self._standing(filters, bound)
        page = found[: filters.limit]
        following = page[-1].position if len(found) > filters.limit else None
        return Page(tuple(page), following, entry)

    def about(self, filters: Filters) -> tuple[int, list[Row]]:
        """How far the log was read, and what was found there: one row more than the limit.

        Newest first. Only for what enters itself what it was for: nothing is recorded here.
        """
        while self.step():
            pass
        below = self._next if filters.before is None else min(self._next, filters.before)
        return below, self._standing(filters, below)

    def received(
        self, subject: tuple[str, str], dataset: str, kinds: Sequence[str], *, below: int
    ) -> dict[str, list[int]]:
        """By department the answers that it got about a subject from a dataset, as positions.

        Of entries of these kinds before ``below``; refused and empty ones gave nothing. Only for
        what enters itself what it was for: nothing is recorded here.
        """
        while self.step():
            pass
        rows = self._open().execute(
            "SELECT department, position FROM log WHERE position < ? AND dataset = ?"
            " AND outcome = 'answered' AND kind IN (SELECT unnest(?::VARCHAR[]))"
            " AND subject IN (SELECT unnest(?::BLOB[])) ORDER BY position",
            [below, dataset, list(kinds), self._all_of(subject[1])],
        )
        found: dict[str, list[int]] = {}
        for department, position in rows.fetchall():
            found.setdefault(str(department), []).append(int(position))
        return found

    def used(self, grant: str, *, below: int) -> tuple[list[Used], Counts]:
        """How a grant was used, in the entries before ``below``: counts, and nothing of anybody.

        By day and kind of question, and over all. For whoever may see the grant; nothing is
        recorded here.
        """
        while self.step():
            pass
        log, named = self._open(), [grant, below]
        rows = log.execute(
            f"SELECT {_BY_DAY}, {_COUNTS} {_OF_GRANT} GROUP BY ALL ORDER BY ALL",
            named,
        ).fetchall()
        whole = log.execute(f"SELECT {_COUNTS} {_OF_GRANT}", named).fetchone()
        found = [
            Used(day, purpose, channel, kind, outcome, delegation, Counts(*counts))
            for day, purpose, channel, kind, outcome, delegation, *counts in rows
        ]
        return found, Counts(*(whole or (0,) * 6))

    def delivered(self, grant: str) -> int | None:
        """When a change was last told to who follows under a grant (ms); None if never.

        For whoever may see the grant; nothing of anybody, so nothing is recorded.
        """
        while self.step():
            pass
        found = self._open().execute(
            "SELECT max(time) FROM log WHERE grant_id = ? AND kind = 'feed'"
            " AND outcome = 'answered'",
            [grant],
        )
        row = found.fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._log is None:
            self._log = duckdb.connect(
                ":memory:",
                config={
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "temp_directory": "",
                    "threads": "1",
                },
            )
            self._log.execute(_TABLE)
            self._log.execute("SET enable_external_access = false")
            self._log.execute("SET lock_configuration = true")
        return self._log

    def _standing(self, filters: Filters, bound: int) -> list[Row]:
        """The same as ``_select``, without what was erased meanwhile."""
        while True:
            found = self._select(filters, bound)
            if not self._forget_erased([row.position for row in found]):
                return found

    def _select(self, filters: Filters, bound: int) -> list[Row]:
        """One row more than the page has, newest first."""
        wanted = ["position < ?"]
        values: list[object] = [bound]
        for column, value in (
            ("department = ?", filters.department),
            ("officer = ?", filters.officer),
            ("dataset = ?", filters.dataset),
            ("kind = ?", filters.kind),
            ("delegation = ?", filters.delegation),
            ("time >= ?", filters.since),
            ("time < ?", filters.until),
        ):
            if value is not None:
                wanted.append(column)
                values.append(value)
        if filters.subject is not None:
            wanted.append("subject IN (SELECT unnest(?::BLOB[]))")
            values.append(self._pseudonyms_of(filters.subject))
        values.append(filters.limit + 1)
        query = f"{_SELECT} WHERE {' AND '.join(wanted)} ORDER BY position DESC LIMIT ?"
        return [Row(*row) for row in self._open().execute(query, values).fetchall()]

    def _pseudonyms_of(self, subject: str) -> list[bytes]:
        """Under what entries about somebody stand: also those about a licence of theirs."""
        held = [] if self._names is None else self._names.held(subject)
        return [one for name in (subject, *held) for one in self._pseudonyms.candidates(name)]

    def _all_of(self, subject: str) -> list[bytes]:
        """The same for one that may itself be a licence: its holder was told of it too."""
        holders = [] if self._names is None else self._names.holders(subject)
        return [one for name in (subject, *holders) for one in self._pseudonyms_of(name)]

    def _forget_erased(self, positions: Sequence[int]) -> bool:
        """Take out of the index what was erased since it was read; say whether there was any.

        Every process does so when it meets such a row, also before it has seen that an erasure is
        complete (``forgetting.py``).
        """
        erased = [
            position
            for position in positions
            if self._reading.execute(
                "SELECT e.person IS NULL OR k.wrapped IS NULL FROM entries e"
                " LEFT JOIN person_keys k ON k.id = e.person_key WHERE e.position = ?",
                (position,),
            ).fetchone()[0]
        ]
        return bool(erased) and self._drop(erased)

    def _drop(self, positions: Sequence[int]) -> bool:
        changed = self._open().execute(
            "UPDATE log SET officer = NULL, case_number = NULL, subject = NULL"
            " WHERE position IN (SELECT unnest(?::BIGINT[]))"
            " AND (officer IS NOT NULL OR case_number IS NOT NULL OR subject IS NOT NULL)",
            [positions],
        )
        return bool(changed.fetchall()[0][0])


def _check(filters: Filters) -> None:
    if not 1 <= filters.limit <= LARGEST_PAGE:
        raise Unprocessable(why="limit")
    for field in fields(filters):
        value = getattr(filters, field.name)
        if isinstance(value, str) and not 0 < len(value) <= LONGEST_TEXT:
            raise Unprocessable(why=f"member {field.name}")
    if filters.since is not None and filters.until is not None and filters.since >= filters.until:
        raise Unprocessable(why="period")


def _record(changes: Changes, actor: Actor, filters: Filters) -> int:
    """Enter that somebody searches; gives the first entry's position.

    A *person* part names one subject, so a search for an officer too has a second entry.
    """
    state: dict[str, Json] = {
        "before": filters.before,
        "by": sorted(_named(filters)),
        "dataset": filters.dataset,
        "delegation": filters.delegation,
        "department": filters.department,
        "kind": filters.kind,
        "since": None if filters.since is None else rfc3339(filters.since),
        "until": None if filters.until is None else rfc3339(filters.until),
    }
    named: list[tuple[str, str] | None] = []
    if filters.subject is not None:
        named.append(("searched", filters.subject))
    if filters.officer is not None:
        named.append(("officer", filters.officer))
    with changes.change(actor, moves_epoch=False) as change:
        positions = [
            change.append(AUDIT_READ, state, subject=subject) for subject in named or [None]
        ]
    return positions[0]


def _named(filters: Filters) -> list[str]:
    return [
        field.name
        for field in fields(filters)
        if field.name != "limit" and getattr(filters, field.name) is not None
    ]
