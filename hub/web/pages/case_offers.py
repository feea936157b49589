"""Which services an officer may open cases of: the own department's, and what was delegated to it.

This is for showing and choosing only; opening decides anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.services.service import Service
from hub.access import grants, purposes
from hub.cases.acting import footings
from hub.cases.desk import Desk, Handler
from hub.delegation.covering import Footing
from hub.errors import NotFound
from hub.web.pages.offers import CONSOLE


@dataclass(frozen=True, slots=True)
class Openable:
    """A service of which a case may be opened, and on whose footing."""

    service: Service
    footing: Footing


def openable(desk: Desk, handler: Handler) -> list[Openable]:
    """All of them, the own department's first, then by delegating department and code."""
    found: list[Openable] = []
    for service in desk.shelf.current().services.values():
        try:
            stands = footings(desk.reading, [service], handler.caller, desk.clock())
        except NotFound:
            continue
        found.append(Openable(service, stands[service.department]))
    own = handler.caller.department
    return sorted(
        found,
        key=lambda one: (
            one.service.department != own,
            one.service.department,
            one.footing.named or "",
            one.service.code,
        ),
    )


def purposes_of(
    desk: Desk, handler: Handler, chosen: Sequence[Openable]
) -> list[Mapping[str, str]]:
    """The purposes that a case of these services may have, in the order of the register.

    What every delegation allows, and what a grant of every department concerned names for the
    console. A department that has no grant may state any: then everything is to be brought.
    """
    known = [row for row in purposes.listing(desk.reading) if row["status"] == "active"]
    allowed = {row["code"] for row in known}
    now = desk.clock()
    for one in chosen:
        delegation = one.footing.delegation
        held = [
            grant
            for grant in grants.listing(desk.reading, department=one.footing.department)
            if grant.stands(now) and CONSOLE in grant.channels
        ]
        named = {code for grant in held for code in grant.purposes}
        if delegation is not None:
            allowed &= {*delegation.purposes} & named
        elif one.footing.department == handler.caller.department and named:
            allowed &= named
    return [row for row in known if row["code"] in allowed]
