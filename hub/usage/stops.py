"""Emergency stops 紧急停用: a dataset, a department or a connector, with all that hangs on it.

One act, one change: from its entries on no question about it is answered, in any process. Lifting
restores exactly what the stop has stopped, and nothing that somebody else had suspended before,
has suspended meanwhile, or that another stop covers too.
"""

import secrets
from collections.abc import Iterator
from typing import TypeAlias

from sqlmodel import Session, col, select

from certs.canonical import canonical
from certs.encoding import rfc3339
from hub.access import connectors, departments
from hub.access.standing_stops import STOPPED, By, Stop, What, standing
from hub.catalogue.opening import enter_dataset
from hub.errors import Conflict, Forbidden, NotFound
from hub.ledger.change import Actor, Change, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import ConnectorRow, DatasetRow, DepartmentRow
from hub.storage.usage_tables import StopRow

_Thing: TypeAlias = DatasetRow | DepartmentRow | ConnectorRow


def stop(changes: Changes, actor: Actor, what: What, code: str, reason: str) -> Stop:
    """Stop it now. ``actor`` is the authority's, or of the department whose it is.

    A department may stop its own datasets and connectors: an emergency there must not wait. Raises
    ``NotFound``, also for what is another department's, and ``Conflict`` if this side has stopped
    it already.
    """
    with changes.change(actor) as change:
        named = _named(change.session, what, code)
        by: By = "authority" if actor.department is None else "department"
        owner = _owner(named)
        if by == "department" and (actor.department != owner or what == "department"):
            raise NotFound(what=what)
        others = standing(change.session)
        if any((one.what, one.code, one.by) == (what, code, by) for one in others):
            raise Conflict(why="stopped-already")
        stopped: dict[What, list[str]] = {}
        for kind, thing in _hanging_on(change.session, named):
            if thing.status == "active":
                _put(change, thing, STOPPED)
            if thing.status == STOPPED:
                stopped.setdefault(kind, []).append(_code(thing))
        made = Stop(
            id=f"S-{secrets.token_hex(6)}",
            status="standing",
            what=what,
            code=code,
            department=owner,
            by=by,
            reason=reason,
            since=rfc3339(change.time),
            stopped={kind: tuple(sorted(codes)) for kind, codes in stopped.items()},
        )
        _write(change, made)
        return made


def lift(changes: Changes, actor: Actor, stop_id: str, reason: str) -> Stop:
    """Lift a stop; gives it as it stands then.

    Raises ``NotFound``, also for another department's; ``Forbidden`` to a department for what the
    authority has stopped; ``Conflict`` if it was lifted.
    """
    with changes.change(actor) as change:
        row = change.session.get(StopRow, stop_id)
        found = None if row is None else Stop.model_validate_json(row.state)
        if found is None or actor.department not in {None, found.department}:
            raise NotFound(what="stop")
        if actor.department is not None and found.by == "authority":
            raise Forbidden(what="stop-of-the-authority")
        if found.status == "lifted":
            raise Conflict(why="stop-lifted")
        others = [one for one in standing(change.session) if one.id != stop_id]
        for kind, codes in found.stopped.items():
            for code in codes:
                thing = _named(change.session, kind, code)
                kept = any(one.covers(kind, code) for one in others)
                if thing.status == STOPPED and not kept:
                    _put(change, thing, "active")
        lifted = found.model_copy(
            update={
                "status": "lifted",
                "lifted": rfc3339(change.time),
                "lifted_because": reason,
            }
        )
        _write(change, lifted)
        return lifted


def listing(connection: Connection, department: str | None, *, all_: bool = False) -> list[Stop]:
    """Stops that stand, the newest first, of one department or (None) of all; ``all_``: ever."""
    rows = connection.execute(
        "SELECT state FROM stops WHERE status = 'standing' OR ? ORDER BY rowid DESC", (all_,)
    )
    found = (Stop.model_validate_json(state) for (state,) in rows)
    return [one for one in found if department in {None, one.department}]


def _named(session: Session, what: What, code: str) -> _Thing:
    row: _Thing | None
    match what:
        case "dataset":
            row = session.get(DatasetRow, code)
        case "department":
            row = session.get(DepartmentRow, code)
        case "connector":
            row = session.get(ConnectorRow, code)
    if row is None:
        raise NotFound(what=what)
    return row


def _hanging_on(session: Session, named: _Thing) -> Iterator[tuple[What, _Thing]]:
    """The thing itself; of a department also its datasets and its connectors."""
    match named:
        case DatasetRow():
            yield "dataset", named
        case ConnectorRow():
            yield "connector", named
        case DepartmentRow():
            yield "department", named
            own = col(DatasetRow.department) == named.code
            for dataset in session.exec(select(DatasetRow).where(own)).all():
                yield "dataset", dataset
            theirs = col(ConnectorRow.department) == named.code
            for connector in session.exec(select(ConnectorRow).where(theirs)).all():
                yield "connector", connector


def _put(change: Change, thing: _Thing, status: str) -> None:
    match thing:
        case DatasetRow():
            thing.status = status
            change.session.add(thing)
            enter_dataset(change, thing)
        case ConnectorRow():
            connectors.status_in(change, thing, status)
        case DepartmentRow():
            departments.status_in(change, thing, status)


def _code(thing: _Thing) -> str:
    return thing.urn if isinstance(thing, ConnectorRow) else thing.code


def _owner(thing: _Thing) -> str:
    return thing.code if isinstance(thing, DepartmentRow) else thing.department


def _write(change: Change, made: Stop) -> None:
    change.session.merge(
        StopRow(
            id=made.id,
            what=made.what,
            code=made.code,
            status=made.status,
            state=canonical(made.state()).decode("utf-8"),
        )
    )
    change.append("stop", made.state())
