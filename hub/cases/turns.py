"""Whose open cases a case is among, and since when: what those go by who follow its subjects.

A case is among those of the department that handles it, and of each that implements a service of
it: a 综合窗口 opens cases for others. Rows name nobody; ``hub/feeds/opened.py`` opens the content.
"""

from collections.abc import Mapping

from sqlmodel import col, select

from hub.cases.asked import PartyId
from hub.cases.state import CaseState
from hub.ledger.change import Change
from hub.storage.feed_tables import CaseTurnRow

OPEN, ENDED, LEFT = "open", "ended", "left"
Parties = Mapping[str, PartyId | None]


def departments_of(state: CaseState) -> frozenset[str]:
    """Whose a case is."""
    return frozenset({state.department} | {one.department for one in state.services})


def turn(change: Change, state: CaseState, position: int) -> None:
    """Note what the entry at ``position`` has made of whose open cases the case is among."""
    wanted = departments_of(state)
    known = {
        row.department: row
        for row in change.session.exec(
            select(CaseTurnRow).where(col(CaseTurnRow.case_id) == state.id)
        ).all()
    }
    status = OPEN if state.status == "open" else ENDED
    for department in sorted(wanted | known.keys()):
        row, now = known.get(department), status if department in wanted else LEFT
        if row is None:
            row = CaseTurnRow(
                department=department, case_id=state.id, status="", opened=0, turned=0, lost=-1
            )
        if row.status == now:
            continue
        if now == OPEN:
            row.opened = position
        row.status, row.turned = now, position
        change.session.add(row)
    change.session.flush()


def replaced(change: Change, case: str, position: int, before: Parties, after: Parties) -> None:
    """Note that the entry at ``position`` has changed the parties of a case, if it has."""
    was, now = _numbered(before), _numbered(after)
    if was == now:
        return
    for row in change.session.exec(
        select(CaseTurnRow).where(col(CaseTurnRow.case_id) == case)
    ).all():
        row.turned = position
        if not was <= now:
            row.lost = position
        change.session.add(row)
    change.session.flush()


def _numbered(parties: Parties) -> frozenset[tuple[str, str, str]]:
    """Role, type and number of each party that has one."""
    return frozenset(
        (role, party.type, party.normal) for role, party in parties.items() if party is not None
    )
