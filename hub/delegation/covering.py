"""Whether a delegation covers a question, and which one a caller acts under for a service."""

from typing import NamedTuple

from hub.access.grant import AskChannel
from hub.delegation.delegation import Delegation
from hub.storage.sqlite import Connection


class Asks(NamedTuple):
    """What a question wants, as far as a delegation looks at it; ``to`` is who asks."""

    to: str
    channel: AskChannel
    dataset: str
    purpose: str
    items: tuple[str, ...]


class Footing(NamedTuple):
    """Whose grants a caller uses for a service; ``delegation`` is None where they are its own."""

    department: str
    delegation: Delegation | None

    @property
    def named(self) -> str | None:
        """What each question has to carry as its ``delegation``."""
        return None if self.delegation is None else self.delegation.id


def outside(delegation: Delegation | None, asks: Asks, now: int) -> str | None:
    """Why a delegation does not cover a question (``now`` in milliseconds); None if it does.

    For the *internal* part alone: to whoever asks, all of this looks like no grant.
    """
    if delegation is None:
        return "delegation-unknown"
    if delegation.to != asks.to:
        return "delegation-of-others"
    if delegation.status != "active":
        return f"delegation-{delegation.status}"
    if not delegation.stands(now):
        return "delegation-out-of-time"
    checks = (
        (asks.channel in delegation.channels, "channel"),
        (asks.purpose in delegation.purposes, "purpose"),
        (not delegation.datasets or asks.dataset in delegation.datasets, "dataset"),
        (not delegation.items or set(asks.items) <= set(delegation.items), "items"),
    )
    return next((f"{what}-outside-delegation" for covered, what in checks if not covered), None)


def whose_grant(
    connection: Connection,
    *,
    service: str,
    implementing: str,
    caller: str,
    channel: AskChannel,
    now: int,
    purpose: str | None = None,
) -> Footing | None:
    """Whose grant is used for this service by this caller; None if nobody's may be.

    ``implementing`` is the department whose service it is; ``caller`` the officer's own. Of several
    delegations that stand, the one that stands longest, before all others one for ``purpose``. It
    is only a choice: every question that names it is decided anew, under the lock.
    """
    if caller == implementing:
        return Footing(implementing, None)
    rows = connection.execute(
        "SELECT state FROM delegations"
        " WHERE department = ? AND to_department = ? AND status = 'active' AND valid_until > ?"
        " ORDER BY valid_until DESC, id",
        (implementing, caller, now),
    )
    other: Footing | None = None
    for (state,) in rows:
        found = Delegation.model_validate_json(state)
        if found.stands(now) and service in found.services and channel in found.channels:
            if purpose is None or purpose in found.purposes:
                return Footing(implementing, found)
            other = other or Footing(implementing, found)
    return other
