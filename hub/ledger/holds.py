"""Litigation holds: single entries that no erasure may touch until the hold is released.

A hold names positions and its basis, and nobody: both stand in *control* for ever. It keeps the
month's key too, so that the parts it names can still be opened; everything else of the month is
erased on time.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from certs.canonical import Json, canonical, parse
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.ledger.spans import Span, Spans, listed_in, read_spans, size, told, union
from hub.storage.sqlite import Connection

ACTIVE, RELEASED = "active", "released"
MOST_HELD = 10_000
"""Positions in one hold: it keeps entries, not months."""
_BASIS = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAMES_PERSON = re.compile(r"(?<![0-9])([0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])", re.ASCII)
_STATE_LIMIT = 1 << 20
_STATE_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it stands: which entries, why, and whether it still does."""

    id: str
    basis: str
    entries: Spans
    status: str

    def state(self) -> dict[str, Json]:
        """The whole state, as its entry has it."""
        return {
            "basis": self.basis,
            "entries": told(self.entries),
            "id": self.id,
            "status": self.status,
        }


def place(
    changes: Changes, writing: Connection, actor: Actor, basis: str, spans: Sequence[Span]
) -> tuple[Hold, int]:
    """Hold entries; gives the hold and its entry's position.

    ``writing`` is the connection that ``changes`` writes over. Raises ``Unprocessable`` for a basis
    or positions that make no sense, and ``Conflict`` for what is erased already: nobody can keep
    that.
    """
    entries = union(spans)
    if any(first < 0 or first >= end for first, end in spans) or not 0 < size(entries) <= MOST_HELD:
        raise Unprocessable(why="entries")
    hold = Hold(f"H-{secrets.token_hex(6)}", checked_basis(basis), entries, ACTIVE)
    with changes.change(actor, moves_epoch=False) as change:
        position = change.append("hold", hold.state())
        if entries[-1][1] > position:
            raise Unprocessable(why="entries")
        if _erased(writing, entries):
            raise Conflict(why="erased")
        writing.execute("INSERT INTO holds VALUES (?, ?, ?)", _row(hold))
    return hold, position


def release(changes: Changes, writing: Connection, actor: Actor, hold_id: str) -> int:
    """End a hold; gives the entry's position. A released one stays so (``Conflict``)."""
    with changes.change(actor, moves_epoch=False) as change:
        row = writing.execute("SELECT state FROM holds WHERE id = ?", (hold_id,)).fetchone()
        if row is None:
            raise NotFound(what="hold")
        before = _hold(row[0])
        if before.status != ACTIVE:
            raise Conflict(why="hold-released")
        after = Hold(before.id, before.basis, before.entries, RELEASED)
        writing.execute("INSERT OR REPLACE INTO holds VALUES (?, ?, ?)", _row(after))
        return change.append("hold", after.state())


def listing(connection: Connection) -> list[Hold]:
    """All holds by id."""
    rows = connection.execute("SELECT state FROM holds ORDER BY id")
    return [_hold(state) for (state,) in rows]


def held(connection: Connection) -> Spans:
    """Every position that an active hold keeps."""
    rows = connection.execute("SELECT state FROM holds WHERE status = ?", (ACTIVE,))
    return union(span for (state,) in rows for span in _hold(state).entries)


def checked_basis(text: str) -> str:
    """A legal basis, or why entries are held; raises ``Unprocessable``.

    What looks like somebody's number is refused: it would stand in the log for ever.
    """
    basis = text.strip()
    if not 0 < len(basis) <= _BASIS or _CONTROL.search(basis) or _NAMES_PERSON.search(basis):
        raise Unprocessable(why="basis")
    return basis


def _erased(connection: Connection, entries: Spans) -> bool:
    """Whether any of these is erased, or listed in an erasure that is still under way."""
    for first, end in entries:
        row = connection.execute(
            "SELECT 1 FROM entries WHERE position >= ? AND position < ? AND person IS NULL",
            (first, end),
        ).fetchone()
        if row is not None:
            return True
    under_way = connection.execute(
        "SELECT e.control FROM erasures r JOIN entries e ON e.position = r.position"
        " WHERE r.completed IS NULL"
    )
    return any(_meet(entries, listed_in(control)) for (control,) in under_way)


def _meet(some: Spans, others: Spans) -> bool:
    return size(union((*some, *others))) < size(some) + size(others)


def _row(hold: Hold) -> tuple[str, str, str]:
    return hold.id, hold.status, canonical(hold.state()).decode("utf-8")


def _hold(state: str) -> Hold:
    value = parse(state.encode("utf-8"), max_bytes=_STATE_LIMIT, max_depth=_STATE_DEPTH)
    members = value if isinstance(value, dict) else {}
    return Hold(
        str(members.get("id")),
        str(members.get("basis")),
        read_spans(members.get("entries")),
        str(members.get("status")),
    )
