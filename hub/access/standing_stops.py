"""Emergency stops that stand, and what each of them has stopped: read under the ledger's lock."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, select

from certs.canonical import Json
from hub.access.grant import Instant
from hub.access.reason import Reason
from hub.errors import Conflict
from hub.storage.usage_tables import StopRow

What: TypeAlias = Literal["dataset", "department", "connector"]
By: TypeAlias = Literal["authority", "department"]
Status: TypeAlias = Literal["standing", "lifted"]
STOPPED = "stopped"
"""The status of what an emergency stop has stopped; ``suspended`` is what somebody suspended."""


class Stop(BaseModel):
    """A stop: of what, why, by which side, and all that was active until then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    status: Status
    what: What
    code: str
    department: str
    """Whose it is."""
    by: By
    """Whether the authority stopped it or the department itself: what the authority stopped only
    the authority lifts."""
    reason: Reason
    since: Instant
    stopped: dict[What, tuple[str, ...]]
    """What it keeps stopped, by kind; what somebody had suspended before is not among it."""
    lifted: Instant | None = None
    lifted_because: Reason | None = None

    def state(self) -> dict[str, Json]:
        """The whole state, as entries and API give it."""
        state: dict[str, Json] = self.model_dump(mode="json")
        return state

    def covers(self, what: What, code: str) -> bool:
        """Whether it keeps this one stopped."""
        return code in self.stopped.get(what, ())


def standing(session: Session) -> list[Stop]:
    """All stops that stand."""
    rows = session.exec(select(StopRow).where(StopRow.status == "standing")).all()
    return [Stop.model_validate_json(row.state) for row in rows]


def require_not_stopped(session: Session, *things: tuple[What, str]) -> None:
    """Raise ``Conflict`` while a stop of one of these stands: only lifting it opens them again."""
    for stop in standing(session):
        for what, code in things:
            if (stop.what, stop.code) == (what, code) or stop.covers(what, code):
                raise Conflict(why="stopped", stop=stop.id)
