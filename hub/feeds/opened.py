"""The parties of a department's open cases, as they stand when a page is read.

Whom a case is about stands sealed in it. The hub opens the content here under its own key, looks at
the parties and nothing else, and tells nobody: no officer has read the case, so no entry says so.
What comes of it is told by the entries of the page, each with the case's number.

    handles      a case of this department's own: all of its parties
    implements   a case that another department, a 综合窗口, handles for one of its services: the
                 parties that this service knows
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from catalog.identifiers import check_any
from certs.encoding import digest
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.cases.shelf import RuleShelf
from hub.cases.turns import OPEN
from hub.feeds.ask import OPEN_CASES
from hub.feeds.cursor import Cursor, Cursors
from hub.feeds.scope import Member
from hub.feeds.told import Going
from hub.lookup.batch_ask import Subject
from hub.storage.sqlite import Connection
from hub.storage.wrapped import case_context

KEPT = 20_000
"""Cases whose parties one process keeps in memory: some 10 MB."""
_TURNS = (
    "SELECT case_id, status, opened, turned, lost FROM case_turns"
    " WHERE department = ? AND (status = 'open' OR turned > ?) ORDER BY opened, case_id"
)
_CONTENT = (
    "SELECT department, key, sealed, state, json_extract(state, '$.content') FROM cases"
    " WHERE id = ?"
)
_Party = tuple[str, str]
"""Type and number in normal form."""


class _Turn(NamedTuple):
    case: str
    status: str
    opened: int
    turned: int
    lost: int


class _Known(NamedTuple):
    """What is looked at of a case: its number, and its parties for one department."""

    number: str
    parties: frozenset[_Party]


class OpenedCases:
    """Reads whom open cases are about; one for each process."""

    def __init__(self, connection: Connection, master: Wrapping, shelf: RuleShelf) -> None:
        self._connection = connection
        self._master = master
        self._shelf = shelf
        self._kept: OrderedDict[tuple[str, str, int], _Known] = OrderedDict()

    def turn(self, department: str) -> int:
        """Where the newest entry stands that changed a department's open cases; -1 if none did."""
        row = self._connection.execute(
            "SELECT max(turned) FROM case_turns WHERE department = ?", (department,)
        ).fetchone()
        return -1 if row[0] is None else int(row[0])

    def lost_since(self, department: str, position: int) -> bool:
        """Whether somebody has gone since of whom no content tells any more who that was."""
        row = self._connection.execute(
            "SELECT 1 FROM case_turns t JOIN cases c ON c.id = t.case_id"
            " WHERE t.department = ?1 AND t.turned > ?2"
            " AND (t.lost > ?2 OR (t.status <> 'open' AND length(c.key) = 0)) LIMIT 1",
            (department, position),
        ).fetchone()
        return row is not None

    def turns(self, department: str, since: int) -> list[_Turn]:
        """The open cases, and those that were until after a position, the oldest first."""
        return [_Turn(*row) for row in self._connection.execute(_TURNS, (department, since))]

    def parties(self, department: str, turn: _Turn) -> _Known:
        """Whom a case is about for a department; raises ``SealBroken``."""
        place = (department, turn.case, turn.turned)
        found = self._kept.get(place)
        if found is None:
            found = self._kept[place] = self._opened(department, turn.case)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _opened(self, department: str, case: str) -> _Known:
        handler, wrapped, sealed, state, told = self._connection.execute(
            _CONTENT, (case,)
        ).fetchone()
        if digest(sealed) != told:
            raise SealBroken
        key = SealingKey(self._master.unwrap(wrapped, case_context(case)))
        content = orjson.loads(key.open(sealed, case_context(case).encode()))
        roles = None if handler == department else self._roles(department, state)
        parties = frozenset(
            (str(party["type"]), check_any((party["type"],), party["id"]).value)
            for role, party in content["parties"].items()
            if party is not None and (roles is None or role in roles)
        )
        return _Known(str(content["case"]), parties)

    def _roles(self, department: str, state: str) -> frozenset[str]:
        """Who takes part in the services that a department implements."""
        return frozenset[str]().union(
            *(
                self._shelf.service(one["service"], one["version"]).roles
                for one in orjson.loads(state)["services"]
                if one["department"] == department
            )
        )


class OfOpenCases:
    """The parties of a department's open cases; each is told of with its oldest case's number."""

    name = OPEN_CASES

    def __init__(self, cases: OpenedCases, cursors: Cursors, department: str, full: str) -> None:
        self._cases = cases
        self._cursors = cursors
        self._department = department
        self._full = full
        self.turn = cases.turn(department)

    def reaches(self, cursor: Cursor) -> bool:
        """Whether nobody has gone of whom it is not known any more who that was."""
        known = -1 <= cursor.cases <= self.turn
        return known and not self._cases.lost_since(self._department, cursor.cases)

    def members(self, cursor: Cursor) -> Sequence[Member]:
        """Parties of open cases, and those who have left them since the cursor.

        What has come behind where this round ends waits for the next one: else somebody who came
        and went during a round would be told of, and never removed.
        """
        first, since, until = cursor.phase == "reset", cursor.cases, cursor.to_cases
        standing: dict[_Party, tuple[str, Going]] = {}
        gone: dict[_Party, str] = {}
        for turn in self._cases.turns(self._department, until if first else since):
            if turn.opened > until:
                continue
            if turn.status != OPEN and (first or turn.opened > since):
                continue  # nothing was told of its parties
            known = self._cases.parties(self._department, turn)
            if turn.status == OPEN:
                _stand(standing, known, _going(turn, since, first=first))
            else:
                gone |= dict.fromkeys(known.parties, known.number)
        members = [
            self._member(
                party,
                number,
                Going.RETURNS if party in gone and going is not Going.STAYS else going,
            )
            for party, (number, going) in standing.items()
        ]
        members += [
            self._member(party, number, Going.LEAVES)
            for party, number in gone.items()
            if party not in standing
        ]
        return sorted(members)

    def _member(self, party: _Party, number: str, going: Going) -> Member:
        subject: Subject = (*party, number)
        return Member(self._cursors.subject(self._full, *party), subject, going)


def _going(turn: _Turn, since: int, *, first: bool) -> Going:
    if first or turn.opened > since:
        return Going.JOINS
    return Going.RETURNS if turn.turned > since else Going.STAYS


def _stand(standing: dict[_Party, tuple[str, Going]], known: _Known, going: Going) -> None:
    """Whoever is in a case already stays; the number is that of the oldest case."""
    order = (Going.STAYS, Going.RETURNS, Going.JOINS)
    for party in known.parties:
        number, before = standing.get(party, (known.number, Going.JOINS))
        standing[party] = number, min(before, going, key=order.index)
