"""What an entry of a statement tells the person concerned, in the words of the log.

Which items a question named stands in no entry, only a digest of its answer (*a*). What can be told
is which ones the grant, in the version under which it was asked, allowed at most.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from hub.audit.rows import Row
from hub.audit.search import AuditIndex, Filters
from hub.audit.statement import Stated
from hub.ledger.naming import local
from hub.storage.sqlite import Connection

GIVEN = "answered"
"""The outcome with which something was given out."""
ALL = 1 << 40
"""Rows at most: every one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; ``items`` are codes of what could be given at most, empty if nothing was.

    ``case`` is the reference of the asking department; ``whose`` the department under whose grant
    another one's window asked.
    """

    row: Row
    case: str | None
    grant_version: int | None
    basis: str
    items: tuple[str, ...]
    whose: str | None


def lines_of(index: AuditIndex, reading: Connection, entries: Iterable[Stated]) -> tuple[Line, ...]:
    """A line for each entry, in order."""
    told = tuple(entries)
    grants = _versions(index, reading, {one.row.grant for one in told if one.row.grant})
    return tuple(_line(one, grants) for one in told)


def erased_months(reading: Connection) -> tuple[str, ...]:
    """Months of which *person* parts were erased: whom their entries were about nobody can tell."""
    rows = reading.execute(
        "SELECT DISTINCT month FROM erasures WHERE completed IS NOT NULL ORDER BY month"
    )
    return tuple(month for (month,) in rows)


def _line(one: Stated, grants: Mapping[tuple[str, int], Mapping[str, object]]) -> Line:
    row, control, person = one.row, one.parts.control, one.parts.person or {}
    version = control.get("grant_version")
    case = person.get("case")
    grant: Mapping[str, object] = {}
    if row.grant is not None and type(version) is int:
        grant = grants.get((row.grant, version), {})
    items = grant.get("items")
    given = row.outcome == GIVEN and isinstance(items, dict)
    return Line(
        row=row,
        case=case if isinstance(case, str) else None,
        grant_version=version if type(version) is int else None,
        basis=str(grant.get("basis", "")),
        items=tuple(items) if given and isinstance(items, dict) else (),
        whose=local(str(grant["department"])) if row.delegation and grant else None,
    )


def _versions(
    index: AuditIndex, reading: Connection, wanted: set[str]
) -> dict[tuple[str, int], Mapping[str, object]]:
    """The grants of these names, in every version, as the log has them."""
    found: dict[tuple[str, int], Mapping[str, object]] = {}
    _, rows = index.about(Filters(kind="grant", limit=ALL)) if wanted else (0, [])
    for row in rows:
        if row.grant in wanted:
            (control,) = reading.execute(
                "SELECT control FROM entries WHERE position = ?", (row.position,)
            ).fetchone()
            state = orjson.loads(control)["state"]
            # A version may be entered again when it is suspended: its terms are the same.
            found[row.grant, int(state["version"])] = state
    return found
