"""Whose grant a case uses: the one narrow place where that is decided.

Each service is implemented by a department, under whose grants alone its evidence is asked. A
caller asks for its own department's services; for another's, a 综合窗口 may under what that one has
delegated (``hub/delegation/covering.py``), and each question then names the delegation.
"""

from collections.abc import Iterable, Mapping

from catalog.services.service import Service
from hub.access.standing import Standing
from hub.delegation.covering import Footing, whose_grant
from hub.errors import Conflict, Forbidden, NotFound
from hub.lookup.identify import Caller
from hub.storage.sqlite import Connection

OFFICER = "officer"


def footings(
    connection: Connection,
    services: Iterable[Service],
    caller: Caller,
    now: int,
    purpose: str | None = None,
) -> Mapping[str, Footing]:
    """By implementing department, whose grants are used and under which delegation.

    Of several delegations one for ``purpose`` is taken first.

    Raises ``NotFound`` for a service for which the caller may use nobody's: to others a service of
    a department is no service of theirs. ``Conflict`` where two services of one department would
    need two delegations.
    """
    found: dict[str, Footing] = {}
    for service in services:
        footing = _footing(connection, service, caller, now, purpose)
        if footing is None:
            raise NotFound(what="service")
        if found.setdefault(service.department, footing) != footing:
            raise Conflict(why="delegations-differ")
    return found


def _footing(
    connection: Connection, service: Service, caller: Caller, now: int, purpose: str | None
) -> Footing | None:
    """A delegation names a service by our code or by its 实施编码."""
    for code in (service.code, service.item_code):
        footing = whose_grant(
            connection,
            service=code,
            implementing=service.department,
            caller=caller.department,
            channel=caller.channel,
            now=now,
            purpose=purpose,
        )
        if footing is not None:
            return footing
    return None


def require_officer(caller: Caller, officer: str, standing: Standing) -> None:
    """Raise ``Forbidden`` unless the named officer is an active one of the caller's department."""
    worker = standing.worker(officer)
    if (
        worker is None
        or not worker.active
        or worker.department != caller.department
        or OFFICER not in worker.roles
        or not standing.department(caller.department)
    ):
        raise Forbidden(what="open-cases")
