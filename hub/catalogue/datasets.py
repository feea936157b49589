"""Datasets 数据资源 as registered: whose they are, their definition, and what of them is live.

Datasets are opened by publishing their catalogue entry (``hub/catalogue``). ``register`` takes over
one that was published elsewhere before, with all that is on record of it.
"""

from certs.encoding import rfc3339
from hub.access.departments import require_department
from hub.access.standing_stops import require_not_stopped
from hub.catalogue.closing import follow
from hub.catalogue.entry import Approval, Assessments, Edition, EntryState, OnRecord, Status
from hub.catalogue.errors import EntryIncomplete
from hub.catalogue.gaps import gaps_in
from hub.catalogue.opening import enter_dataset, open_dataset
from hub.catalogue.register import MAX_DEFINITION, keep, read_definition, told, write
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.storage.entry_tables import EntryRow
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow

__all__ = ["MAX_DEFINITION", "listing", "register", "set_status"]

_ENTRY_STATUS: dict[str, Status] = {"active": "published", "suspended": "suspended"}
STATUSES = frozenset(_ENTRY_STATUS)


def register(
    changes: Changes, actor: Actor, department: str, definition: bytes, record: OnRecord
) -> int:
    """Take over an entry that was published elsewhere before; gives the dataset's position.

    Both assessments and the reference of its approval must be on record: they stand in the entry.
    A dataset that this hub has from before it kept entries gets its entry this way, with the
    definition that it has. Raises ``DefinitionRefused``, ``Conflict`` if the code is taken,
    ``EntryIncomplete`` with all that stands against it.
    """
    dataset = read_definition(definition)
    with changes.change(actor) as change:
        require_department(change.session, department)
        known = change.session.get(DatasetRow, dataset.code)
        if change.session.get(EntryRow, dataset.code) is not None or (
            known is not None and (known.department, known.definition) != (department, definition)
        ):
            raise Conflict(why="dataset-exists")
        now = told(change)
        edition = Edition(
            number=1,
            stage="published",
            definition=keep(change, dataset.code, definition),
            drafted=now,
            assessments=Assessments(secrecy=record.secrecy, privacy=record.privacy),
            approval=Approval(reference=record.approval, signed=None),
            published=now,
        )
        # A catalogue of before the codes has none; what is drafted here needs one.
        lacking = [
            gap
            for gap in gaps_in(change, edition, dataset)
            if (gap.where, gap.why) != ("classification", "missing")
        ]
        if lacking:
            raise EntryIncomplete(lacking)
        position = open_dataset(change, dataset.code, department, definition)
        suspended = known is not None and known.status != "active"
        entry = EntryState(
            code=dataset.code,
            version=0,
            status="suspended" if suspended else "published",
            provider=department,
            editions=(edition,),
            adopted=True,
        )
        row = EntryRow(
            code=dataset.code, department=department, status=entry.status, version=0, state=""
        )
        write(change, row, entry)
        return position


def set_status(changes: Changes, actor: Actor, code: str, status: str) -> int:
    """Suspend a dataset for everyone at once, or open it again; its entry follows.

    Raises ``NotFound``, ``Unprocessable``, or ``Conflict`` for one that is withdrawn for good.
    """
    if status not in STATUSES:
        raise Unprocessable(why="status")
    with changes.change(actor) as change:
        row = change.session.get(DatasetRow, code)
        if row is None:
            raise NotFound(what="dataset")
        if status == "active":
            require_not_stopped(change.session, ("dataset", code), ("department", row.department))
        row.status = status
        change.session.add(row)
        position = enter_dataset(change, row)
        follow(change, code, _ENTRY_STATUS[status])
        return position


def listing(connection: Connection) -> list[dict[str, str | int | None]]:
    """All datasets by code, with what is live."""
    rows = connection.execute(
        "SELECT d.code, d.department, d.status, d.generation, d.version, d.as_of,"
        " coalesce(g.row_count, 0) FROM datasets d"
        " LEFT JOIN generations g ON g.name = d.generation ORDER BY d.code"
    )
    return [
        {
            "code": code,
            "department": department,
            "status": status,
            "generation": generation,
            "version": version,
            "as_of": rfc3339(as_of) if generation else None,
            "rows": rows_live,
        }
        for code, department, status, generation, version, as_of, rows_live in rows
    ]
