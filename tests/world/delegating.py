"""A window that acts for another department: the market bureau's for the land bureau's grant."""

from certs.encoding import rfc3339
from hub.delegation import acts
from hub.delegation.delegation import Delegation, Terms
from hub.ledger.change import Actor, Changes
from world.time import DAY
from world.town import PURPOSE, World

LENDER, WINDOW, THIRD = "nrb", "mrb", "psb"
SERVICE = "11370800MB285591843370117002011"
MOST_DAYS = 365


def of(department: str, role: str) -> Actor:
    """Somebody of a department, whether enrolled or not: the acts look at side and name alone."""
    return Actor("console", account=f"{department}.{role}", department=department)


def stated(now: int, **terms: object) -> Terms:
    """What the land bureau delegates to the market bureau's window, with some of it changed."""
    return Terms.model_validate(
        {
            "to": WINDOW,
            "services": (SERVICE,),
            "purposes": (PURPOSE,),
            "channels": ("connector", "console"),
            "valid_from": rfc3339(now - DAY),
            "valid_until": rfc3339(now + 20 * DAY),
            "basis": "《关于综合窗口委托受理的函》",
            **terms,
        }
    )


def drafted(changes: Changes, now: int, lender: str = LENDER, **terms: object) -> Delegation:
    return acts.draft(changes, of(lender, "steward"), stated(now, **terms), MOST_DAYS)


def signed(changes: Changes, now: int, lender: str = LENDER, **terms: object) -> Delegation:
    found = drafted(changes, now, lender, **terms)
    return acts.sign(changes, of(lender, "head"), found.id, found.version, MOST_DAYS)


def delegated(changes: Changes, now: int, lender: str = LENDER, **terms: object) -> Delegation:
    """A delegation that is accepted."""
    found = signed(changes, now, lender, **terms)
    return acts.accept(changes, of(found.to, "head"), found.id, found.version)


def revoked(changes: Changes, found: Delegation) -> Delegation:
    head = of(found.department, "head")
    return acts.revoke(changes, head, found.id, found.version, "窗口撤销")


def lent(world: World, **terms: object) -> Delegation:
    """A delegation that is accepted, in a world whose process knows it."""
    found = delegated(world.hub.changes, world.time(), **terms)
    world.hub.book.refresh()
    return found
