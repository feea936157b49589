"""From an entry to what can be asked: its definition and its standing among the datasets.

Always within the change that enters the act itself, so that there is never one without the other.
"""

from certs.canonical import Json
from certs.encoding import digest
from hub.access.standing_stops import STOPPED, require_not_stopped
from hub.catalogue.entry import EntryState, Status
from hub.errors import Conflict
from hub.ledger.change import Change
from hub.storage.tables import DatasetRow


def open_dataset(change: Change, code: str, department: str, definition: bytes) -> int:
    """Register a dataset, or give it its next definition; gives the position of its entry.

    ``change`` moves the epoch. What stands of its rows is read as it was sealed until the next full
    publication (``hub/access/standing.py``). Raises ``Conflict`` for another department's.
    """
    row = change.session.get(DatasetRow, code)
    if row is None:
        row = DatasetRow(code=code, department=department, definition=definition, status="active")
    elif row.department != department:
        raise Conflict(why="dataset-exists")
    row.definition = definition
    change.session.add(row)
    change.session.flush()
    return enter_dataset(change, row)


def stand(change: Change, entry: EntryState) -> None:
    """Let the dataset follow what the entry says of itself; ``change`` moves the epoch."""
    row = change.session.get(DatasetRow, entry.code)
    status = status_of(entry.status)
    if row is None or row.status == status:
        return
    if status == "active":
        if row.status == STOPPED:
            return  # only lifting the emergency stop opens it again
        require_not_stopped(change.session, ("dataset", row.code), ("department", row.department))
    row.status = status
    change.session.add(row)
    enter_dataset(change, row)


def status_of(status: Status) -> str:
    """The status of a dataset whose entry stands so; only ``active`` ones can be asked."""
    return {"suspended": "suspended", "withdrawn": "withdrawn"}.get(status, "active")


def enter_dataset(change: Change, row: DatasetRow) -> int:
    """Enter a dataset as it stands now; gives the position."""
    state: dict[str, Json] = {
        "code": row.code,
        "definition": digest(row.definition),
        "department": row.department,
        "status": row.status,
    }
    return change.append("dataset", state)
