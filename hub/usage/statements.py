"""What a department states of its use of a grant: 使用场景、过程、效果、存储、销毁 (Art 29).

A steward writes it as often as something changes; every version is kept and is an entry, so it
cannot be written afterwards. It is about the use, and about no person.
"""

from pydantic import BaseModel, ConfigDict

from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from hub.access.grant import Instant
from hub.access.grants import current_in
from hub.access.reason import Statement
from hub.errors import Conflict, NotFound
from hub.ledger.change import Actor, Changes
from hub.storage.sqlite import Connection
from hub.storage.usage_tables import UsageStatementRow

PARTS = ("scenario", "process", "effect", "storage", "destruction")
"""The five that Art 29 names."""


class Stated(BaseModel):
    """The five parts of a statement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: Statement
    process: Statement
    effect: Statement
    storage: Statement
    destruction: Statement


class UsageStatement(BaseModel):
    """A statement in one version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    grant: str
    version: int
    department: str
    stated: Stated
    at: Instant

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state


def write(
    changes: Changes, actor: Actor, grant_id: str, version: int, stated: Stated
) -> UsageStatement:
    """Write the next statement; ``version`` is the last one that the person saw, 0 for none.

    Raises ``NotFound`` to all but the user's department, ``Conflict`` for another version.
    """
    with changes.change(actor, moves_epoch=False) as change:
        grant = current_in(change.session, grant_id)
        if actor.account is None or actor.department != grant.department:
            raise NotFound(what="grant")
        number = version + 1
        taken = change.session.get(UsageStatementRow, _name(grant_id, number)) is not None
        before = change.session.get(UsageStatementRow, _name(grant_id, version))
        if taken or (version > 0 and before is None):
            raise Conflict(why="version")
        made = UsageStatement(
            id=_name(grant_id, number),
            grant=grant_id,
            version=number,
            department=grant.department,
            stated=stated,
            at=rfc3339(change.time),
        )
        change.session.add(
            UsageStatementRow(
                id=made.id,
                grant_id=grant_id,
                version=number,
                state=canonical(made.state()).decode("utf-8"),
            )
        )
        change.append("usage", made.state())
        return made


def listing(connection: Connection, grant_id: str) -> list[UsageStatement]:
    """All statements of a grant, the newest first."""
    rows = connection.execute(
        "SELECT state FROM usage_statements WHERE grant_id = ? ORDER BY version DESC", (grant_id,)
    )
    return [UsageStatement.model_validate_json(state) for (state,) in rows]


def _name(grant_id: str, version: int) -> str:
    return f"{grant_id}/{version}"
