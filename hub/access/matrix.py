"""Which department sees what: each grant with each of its items, in one row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from catalog.definition import Dataset, load
from catalog.item import Item
from certs.canonical import Json
from certs.encoding import rfc3339
from hub.access import departments, grants, purposes
from hub.access.ends import end_of, review_at
from hub.access.grant import Grant
from hub.access.standing_stops import STOPPED
from hub.errors import Unprocessable
from hub.storage.sqlite import Connection

Standing: TypeAlias = Literal["active", "waiting", "suspended", "stopped", "ended"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at: codes, and a standing; empty for all (of standings: all but ended)."""

    department: str = ""
    dataset: str = ""
    status: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """From an address; raises ``Unprocessable`` for what is no standing."""
        status = query.get("status", "")
        if status not in {"", "all", *STANDINGS}:
            raise Unprocessable(why="status")
        return cls(query.get("department", ""), query.get("dataset", ""), status)

    def takes(self, held: "Held") -> bool:
        """Whether a grant is wanted."""
        by_code = self.department in {"", held.grant.department} and self.dataset in {
            "",
            held.grant.dataset,
        }
        if self.status in {"", "all"}:
            return by_code and (self.status == "all" or held.standing != "ended")
        return by_code and held.standing == self.status


@dataclass(frozen=True, slots=True)
class Held:
    """A grant with what it speaks of."""

    grant: Grant
    definition: Dataset
    provider: str
    standing: Standing
    review_at: int | None

    @property
    def items(self) -> list[tuple[Item, str]]:
        """Its items with their masks, in the definition's order."""
        masks = self.grant.items
        return [(item, masks[item.code]) for item in self.definition.items if item.code in masks]


def held_grants(
    connection: Connection,
    *,
    department: str | None,
    review_days: int,
    now: int,
    wanted: Wanted,
) -> list[Held]:
    """The wanted grants that a department holds or gives; None sees all."""
    rows = connection.execute("SELECT code, department, definition, status FROM datasets")
    sources = {code: (owner, load(toml, code), status) for code, owner, toml, status in rows}
    active = {row["code"]: row["status"] for row in departments.listing(connection)}
    ended = purposes.ends(connection)
    found: list[Held] = []
    for grant in grants.listing(connection):
        provider, definition, status = sources[grant.dataset]
        if department not in {None, grant.department, provider}:
            continue
        stopped = STOPPED in {status, active[grant.department]}
        standing = _standing(grant, ended, now, stopped=stopped)
        review = None if standing == "ended" else review_at(grant, review_days)
        held = Held(grant, definition, provider, standing, review)
        if wanted.takes(held):
            found.append(held)
    return found


def rows_of(held: Sequence[Held]) -> list[dict[str, Json]]:
    """Each grant with each item, as routes and sheets give them."""
    return [
        {
            "application": one.grant.application,
            "basis": one.grant.basis,
            "channels": [*sorted(one.grant.channels)],
            "dataset": one.grant.dataset,
            "department": one.grant.department,
            "grant": one.grant.id,
            "item": item.code,
            "mask": mask,
            "operations": [*sorted(one.grant.operations)],
            "provider": one.provider,
            "purposes": [*sorted(one.grant.purposes)],
            "review_at": None if one.review_at is None else rfc3339(one.review_at),
            "sensitivity": item.sensitivity,
            "status": one.standing,
            "valid_from": rfc3339(one.grant.valid_from),
            "valid_until": rfc3339(one.grant.valid_until),
        }
        for one in held
        for item, mask in one.items
    ]


def _standing(
    grant: Grant, ended: Mapping[str, int | None], now: int, *, stopped: bool
) -> Standing:
    if end_of(grant, ended, now) is not None:
        return "ended"
    if stopped:
        return "stopped"
    if grant.status == "suspended":
        return "suspended"
    return "waiting" if now < grant.valid_from else "active"
