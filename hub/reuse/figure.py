"""The figure as it stands in the ledger: what need not be brought, per service and month.

Of each case its newest entry counts. Of a withdrawn one only what had to be brought: who gives up
before a paper that could not be found has been asked for one all the same, and who opens cases to
withdraw them saves nobody a paper. What the applicant has handed in during a case stays counted as
brought, whatever finds it on file afterwards. The month is that of the opening.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from catalog.evidence.figure import TARGET, WHOLE, Cell, Tally, by
from certs.canonical import Json, parse
from certs.encoding import from_rfc3339
from hub.cases.state import CaseState, MaterialIn
from hub.clock import SHANGHAI
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection, connect

_LARGEST = 1 << 20
_DEPTH = 8
_MONTH = 7


def figure(
    connection: Connection,
    *,
    department: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Mapping[Cell, Tally]:
    """The counts of all cases opened from one month to another (``YYYY-MM``), both included.

    Read from the entries, not from the states that tables hold.
    """
    rows = connection.execute(
        "SELECT e.control FROM cases c JOIN entries e ON e.position = c.entry"
    )
    cells = counted((state_in(control) for (control,) in rows), since=since, until=until)
    return {cell: one for cell, one in cells.items() if department in {None, cell.department}}


async def figure_apart(
    folder: Folder,
    *,
    department: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Mapping[Cell, Tally]:
    """``figure``, beside the event loop: some 0.1 ms of processor time a case."""

    def read() -> Mapping[Cell, Tally]:
        connection = connect(folder.control, "ro")
        try:
            return figure(connection, department=department, since=since, until=until)
        finally:
            connection.close()

    return await asyncio.to_thread(read)


def counted(
    states: Iterable[CaseState], *, since: str | None = None, until: str | None = None
) -> Mapping[Cell, Tally]:
    """The counts of cases by department, service and month, in that order."""
    total: dict[Cell, Tally] = {}
    for state in states:
        month = month_of(state)
        if (since is not None and month < since) or (until is not None and month > until):
            continue
        for cell, one in tally(state, month).items():
            total[cell] = total.get(cell, Tally()) + one
    return dict(sorted(total.items()))


def tally(state: CaseState, month: str) -> Mapping[Cell, Tally]:
    """The counts of one case, of each of its services by itself."""
    found = {
        one.service: (Cell(one.department, one.service, month), Tally(cases=1))
        for one in state.services
    }
    for material in state.materials:
        counts = _counts(material)
        if state.status == "withdrawn" and not counts.brought:
            continue
        cell, so_far = found[material.service]
        found[material.service] = (cell, so_far + counts)
    return dict(found.values())


def state_in(control: bytes) -> CaseState:
    """The state of a case in the *control* part of its entry; raises ``ValueError``."""
    members = parse(control, max_bytes=_LARGEST, max_depth=_DEPTH)
    state = members.get("state") if isinstance(members, dict) else None
    return CaseState.model_validate(state, strict=False)


def month_of(state: CaseState) -> str:
    """The month of Asia/Shanghai in which a case was opened."""
    moment = datetime.fromtimestamp(from_rfc3339(state.opened) / 1000, UTC)
    return moment.astimezone(SHANGHAI).date().isoformat()[:_MONTH]


def told(cells: Mapping[Cell, Tally]) -> dict[str, Json]:
    """The figure as routes give it; shares in hundredths of a per cent."""
    listed: list[Json] = [
        {
            "department": cell.department,
            "month": cell.month,
            "service": cell.service,
            **_shares(one),
        }
        for cell, one in cells.items()
    ]
    services: dict[str, Json] = {name: _shares(one) for name, one in by("service", cells).items()}
    departments: dict[str, Json] = {
        name: _shares(one) for name, one in by("department", cells).items()
    }
    months: dict[str, Json] = {name: _shares(one) for name, one in by("month", cells).items()}
    return {
        "cells": listed,
        "departments": departments,
        "months": months,
        "services": services,
        "target": TARGET * WHOLE // 100,
        "total": _shares(sum(cells.values(), Tally())),
    }


def _shares(one: Tally) -> dict[str, Json]:
    return {**one.state(), "reached": one.reached, "share": one.share}


def _counts(material: MaterialIn) -> Tally:
    # What was brought was asked for then, also if a newer list calls it optional or drops it.
    if material.brought is not None:
        return Tally(listed=1, brought=1)
    if material.optional:
        return Tally(optional=1)
    if material.status == "must_bring":
        return Tally(listed=1, brought=1)
    if material.status == "not_needed":
        return Tally(not_asked=1)
    if material.status == "may_follow":
        later = material.kind == "later"
        return Tally(listed=1, later=int(later), promised=int(not later))
    return Tally(listed=1, covered=1)
