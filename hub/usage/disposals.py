"""How a department has disposed of what it received under a grant that has ended (Art 27).

A steward writes it, the head of the department signs, and they are two people. With the signature
the grant is over for good: a purpose that is taken up again, or a time that is prolonged, does not
bring back a grant whose data were destroyed.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from certs.canonical import Json, canonical
from certs.encoding import from_rfc3339, rfc3339
from hub.access import purposes
from hub.access.ends import end_of
from hub.access.grant import Grant, Instant
from hub.access.grants import current_in, status_in
from hub.access.reason import Reason, Statement
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.storage.sqlite import Connection
from hub.storage.usage_tables import DisposalRow

How: TypeAlias = Literal["destroyed", "returned", "archived"]
"""销毁, 退还, 依法归档."""


class Stated(BaseModel):
    """What is stated of a disposal.

    ``basis`` names the law under which it was archived, and stands then only. ``count`` is of
    whatever ``scope`` speaks of, if it is known. ``at`` is when it was done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    how: How
    basis: Annotated[str, Field(max_length=500)] = ""
    method: Reason
    scope: Statement
    count: Annotated[int, Field(ge=0, le=10**12)] | None = None
    at: Instant

    @model_validator(mode="after")
    def _with_its_basis(self) -> "Stated":
        if (self.how == "archived") != bool(self.basis.strip()):
            raise ValueError("basis")
        return self


class Disposal(BaseModel):
    """A disposal record in one version; nothing in it names a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grant: str
    version: int
    department: str
    stated: Stated
    drafted: Instant
    signed: Instant | None = None

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state


def draft(
    changes: Changes, actor: Actor, connection: Connection, grant_id: str, stated: Stated
) -> Disposal:
    """Write the record; the head signs it.

    Raises ``NotFound`` to all but the user's department, ``Conflict`` while the grant goes on or
    once it is signed, ``Unprocessable`` for a time to come.
    """
    with changes.change(actor, moves_epoch=False) as change:
        grant = _ended(change, actor, connection, grant_id)
        if from_rfc3339(stated.at) > change.time:
            raise Unprocessable(why="disposed-in-future")
        row = change.session.get(DisposalRow, grant_id)
        if row is not None and row.signed:
            raise Conflict(why="disposal-signed")
        disposal = Disposal(
            grant=grant_id,
            version=1 if row is None else row.version + 1,
            department=grant.department,
            stated=stated,
            drafted=rfc3339(change.time),
        )
        return _write(change, disposal, actor.account or "")


def sign(
    changes: Changes, actor: Actor, connection: Connection, grant_id: str, version: int
) -> Disposal:
    """The head signs: the duty is done, and the grant is over for good.

    Raises ``NotFound``, ``Conflict`` for another version, a signed one or a grant that goes on
    again, ``Forbidden`` to whoever wrote it.
    """
    with changes.change(actor) as change:
        grant = _ended(change, actor, connection, grant_id)
        row = change.session.get(DisposalRow, grant_id)
        if row is None:
            raise NotFound(what="disposal")
        if row.signed:
            raise Conflict(why="disposal-signed")
        if row.version != version:
            raise Conflict(why="version")
        if row.drafted_by == actor.account:
            raise Forbidden(what="own-account")
        if grant.status != "revoked":
            status_in(change, grant, "revoked")
        written = Disposal.model_validate_json(row.state)
        update = {"version": version + 1, "signed": rfc3339(change.time)}
        return _write(change, written.model_copy(update=update), row.drafted_by)


def find(connection: Connection, grant_id: str, department: str | None) -> Disposal | None:
    """The record of a grant as a department sees it, None sees all; None if there is none.

    What is not signed is the own department's business, and the authority's.
    """
    row = connection.execute(
        "SELECT state FROM disposals WHERE grant_id = ?", (grant_id,)
    ).fetchone()
    found = None if row is None else Disposal.model_validate_json(row[0])
    if found is not None and found.signed is None and department not in {None, found.department}:
        return None
    return found


def standing(connection: Connection) -> dict[str, bool]:
    """All grants with a record, and whether it is signed."""
    rows = connection.execute("SELECT grant_id, signed FROM disposals")
    return {grant_id: bool(signed) for grant_id, signed in rows}


def _ended(change: Change, actor: Actor, connection: Connection, grant_id: str) -> Grant:
    """The actor's own grant, which must have ended."""
    grant = current_in(change.session, grant_id)
    if actor.account is None or actor.department != grant.department:
        raise NotFound(what="grant")
    # The purposes are read under the lock: nothing else writes meanwhile.
    if end_of(grant, purposes.ends(connection), change.time) is None:
        raise Conflict(why="grant-goes-on")
    return grant


def _write(change: Change, disposal: Disposal, drafted_by: str) -> Disposal:
    change.session.merge(
        DisposalRow(
            grant_id=disposal.grant,
            version=disposal.version,
            signed=disposal.signed is not None,
            state=canonical(disposal.state()).decode("utf-8"),
            drafted_by=drafted_by,
        )
    )
    change.append("disposal", disposal.state())
    return disposal
