"""What an officer's department may ask for in the console now: its standing grants, put together.

This is for showing and choosing only; the exchange decides on every question anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.definition import Dataset
from catalog.item import Item
from catalog.masks import Mask
from hub.access import departments, grants, purposes
from hub.access.grant import AskChannel, Grant, Operation
from hub.access.standing import StandingBook
from hub.clock import shanghai_day
from hub.delegation import register as delegations
from hub.delegation.delegation import Delegation
from hub.storage.sqlite import Connection

CONSOLE: AskChannel = "console"
OPERATIONS: tuple[Operation, ...] = ("lookup", "verify")


@dataclass(frozen=True, slots=True)
class Quota:
    """A grant's use today; ``limit`` None is without one."""

    grant: str
    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A dataset that may be asked for; items with their masks in the definition's order.

    Under a ``delegation`` the grants are the delegating department's, and it narrows them.
    """

    dataset: Dataset
    provider: Mapping[str, str]
    live: bool
    grants: tuple[Grant, ...]
    quotas: tuple[Quota, ...]
    purposes: tuple[Mapping[str, str], ...]
    delegation: Delegation | None = None

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What may be done with it."""
        return tuple(
            name
            for name in OPERATIONS
            if self.among(name) and (not self.delegation or self._left(name))
        )

    def among(self, operation: Operation) -> tuple[Grant, ...]:
        """The grants that allow an operation."""
        return tuple(grant for grant in self.grants if operation in grant.operations)

    def items(self, operation: Operation) -> list[tuple[Item, Mask]]:
        """The items that an operation may name, each as its first grant masks it."""
        allowed = self.among(operation)
        found: list[tuple[Item, Mask]] = []
        for item in self.dataset.items:
            mask = next((g.items[item.code] for g in allowed if item.code in g.items), None)
            if mask is not None and self._lent(item.code):
                found.append((item, mask))
        return found

    def purposes_of(self, operation: Operation) -> list[Mapping[str, str]]:
        """The purposes that an operation may serve."""
        codes = {code for grant in self.among(operation) for code in grant.purposes}
        if self.delegation is not None:
            codes &= {*self.delegation.purposes}
        return [purpose for purpose in self.purposes if purpose["code"] in codes]

    def case_required(self, operation: Operation) -> bool:
        """Whether every grant asks for a case number."""
        return all(grant.case_required for grant in self.among(operation))

    def _lent(self, item: str) -> bool:
        """Whether a delegation leaves an item."""
        return self.delegation is None or not self.delegation.items or item in self.delegation.items

    def _left(self, operation: Operation) -> bool:
        """Whether a delegation leaves anything to ask for."""
        return bool(self.items(operation) and self.purposes_of(operation))


def offers(connection: Connection, book: StandingBook, department: str, now: int) -> list[Offer]:
    """What the department may ask for in the console, by dataset."""
    standing = book.refresh()
    by_dataset: dict[str, list[Grant]] = {}
    for grant in grants.listing(connection, department=department):
        in_console = CONSOLE in grant.channels and not grant.operations.isdisjoint(OPERATIONS)
        if grant.stands(now) and in_console:
            by_dataset.setdefault(grant.dataset, []).append(grant)
    known = {row["code"]: row for row in departments.listing(connection)}
    active = [row for row in purposes.listing(connection) if row["status"] == "active"]
    found: list[Offer] = []
    for code, held in by_dataset.items():
        source = standing.source(code)
        if source is not None and source.active:
            found.append(
                Offer(
                    dataset=source.dataset,
                    provider=known[source.department],
                    live=source.generation is not None,
                    grants=tuple(held),
                    quotas=tuple(quotas(connection, held, now)),
                    purposes=tuple(active),
                )
            )
    return found


def lent_offers(
    connection: Connection, book: StandingBook, department: str, now: int
) -> list[Offer]:
    """What the department's window may ask for in the console under delegations, by delegation."""
    found: list[Offer] = []
    for one in delegations.listing(connection, department):
        if one.to != department or not one.stands(now) or CONSOLE not in one.channels:
            continue
        cap = Quota(one.id, delegations.used_today(connection, one, now), one.daily_cap)
        for offer in offers(connection, book, one.department, now):
            if not one.datasets or offer.dataset.code in one.datasets:
                narrowed = replace(offer, delegation=one, quotas=(cap,))
                if narrowed.operations:
                    found.append(narrowed)
    return found


def quotas(connection: Connection, held: Sequence[Grant], now: int) -> list[Quota]:
    """How much of each grant's quota is used today, in Beijing's days."""
    today = shanghai_day(now)
    found: list[Quota] = []
    for grant in held:
        row = connection.execute(
            "SELECT used FROM quotas WHERE grant_id = ? AND day = ?", (grant.id, today)
        ).fetchone()
        found.append(Quota(grant.id, 0 if row is None else row[0], grant.daily_quota))
    return found
