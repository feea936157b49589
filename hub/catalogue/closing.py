"""What the authority does to a published entry: suspend, resume, withdraw for good.

A suspended or withdrawn one cannot be applied for or found by other departments, and questions
about it are refused from the next one on.
"""

from hub.catalogue.entry import EntryState, Status
from hub.catalogue.opening import stand
from hub.catalogue.register import current, forget, write
from hub.errors import Conflict
from hub.ledger.change import Actor, Change, Changes
from hub.storage.entry_tables import EntryRow

_FROM: dict[Status, frozenset[Status]] = {
    "published": frozenset({"suspended"}),
    "suspended": frozenset({"published"}),
    "withdrawn": frozenset({"published", "suspended"}),
}
"""What an entry must be to become this."""


def close(
    changes: Changes, actor: Actor, code: str, version: int, status: Status, reason: str
) -> EntryState:
    """Suspend, resume (``published``) or withdraw an entry, and its dataset with it.

    Raises ``NotFound``, ``Conflict``.
    """
    with changes.change(actor) as change:
        row, found = current(change, actor, code, version, own=False)
        return close_in(change, row, found, status, reason)


def close_in(
    change: Change, row: EntryRow, entry: EntryState, status: Status, reason: str
) -> EntryState:
    """The same within a change that moves the epoch; raises ``Conflict``."""
    if entry.status not in _FROM[status] or not entry.editions:
        raise Conflict(why=f"entry-{entry.status}")
    update: dict[str, object] = {"status": status, "reason": reason}
    if status == "withdrawn":
        if entry.next is not None:
            forget(change, entry, entry.next.definition)
        update |= {"next": None, "update": None}
    closed = entry.model_copy(update=update)
    stand(change, closed)
    return write(change, row, closed)


def follow(change: Change, code: str, status: Status) -> None:
    """Let an entry follow its dataset, where that is suspended or resumed by itself.

    Raises ``Conflict`` for one that is withdrawn. Without an entry there is nothing to do.
    """
    row = change.session.get(EntryRow, code)
    if row is None:
        return
    entry = EntryState.model_validate_json(row.state)
    if entry.editions and entry.status != status:
        close_in(change, row, entry, status, entry.reason if status == "published" else "")
