"""Lists of cases: states by page, the newest first, narrowed by status and service."""

from collections.abc import Sequence
from typing import NamedTuple

from hub.cases.state import CaseState, CommitmentIn
from hub.storage.sqlite import Connection

PAGE = 50
"""Cases of one page."""
_PAGE = (
    "SELECT state FROM cases c WHERE (?1 IS NULL OR department = ?1)"
    " AND (?2 IS NULL OR status = ?2)"
    " AND (?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(c.state, '$.services') s"
    " WHERE json_extract(s.value, '$.service') = ?3))"
    " AND (?4 IS NULL OR c.rowid < (SELECT rowid FROM cases WHERE id = ?4"
    " AND (?1 IS NULL OR department = ?1)))"
    " ORDER BY c.rowid DESC LIMIT ?5"
)


class Shown(NamedTuple):
    """One page of a list; ``more`` is the case before which the next one begins, None at its end.

    A case that is not there as ``before`` gives an empty page.
    """

    cases: Sequence[CaseState]
    more: str | None


def listed(
    connection: Connection,
    department: str | None,
    *,
    status: str | None = None,
    service: str | None = None,
    before: str | None = None,
    most: int = PAGE,
) -> Shown:
    """States of a department's cases, None for all departments'."""
    rows = connection.execute(_PAGE, (department, status, service, before, most + 1)).fetchall()
    found = [CaseState.model_validate_json(state) for (state,) in rows]
    more = found[most - 1].id if len(found) > most else None
    return Shown(found[:most], more)


def next_due(state: CaseState) -> CommitmentIn | None:
    """The commitment of a case that is due first of those that are open."""
    waiting = (one for one in state.commitments if one.status == "open")
    return min(waiting, key=lambda one: (one.due, one.number), default=None)
