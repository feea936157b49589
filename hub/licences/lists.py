"""Status lists: what outsiders are told of credentials by their places, and nothing else.

Each credential has a place of its own, drawn at random from those that are free, in a list of a
million; a place that was given once is never given again. Issuing changes nothing that outsiders
see. An act changes two bits of each of a licence's places, in its own transaction, and enters the
digest of the whole list: an entry of kind ``status-list``, which anyone may have opened. A list
that was rolled back does not have the digest that the newest entry tells.

What is signed is signed when it is fetched, once for each change and each half of its life.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import select

from catalog.licences.status import LIST_BITS, LIST_STATUS, Status
from certs.canonical import Json
from certs.encoding import digest
from certs.status_list import Reference, StatusList, StatusListToken, issue_list
from hub.clock import Clock
from hub.errors import NotFound, StorageRefused
from hub.keys.ring import KeyRing
from hub.ledger.change import Change
from hub.storage.licences_tables import LicenceCredentialRow, StatusListRow
from hub.storage.sqlite import Connection

SIZE = 1 << 20
"""Places of a list; blank ones look like valid ones, so that nobody can count credentials."""
FULL = SIZE // 2
"""Places that are given of one list: then the next one begins, and drawing a free one is quick."""
EXPIRES = 3600
"""Seconds for which a signed list may be believed: as long, a revocation can be kept from
somebody who is shown an old one."""
TTL = 300
"""Seconds after which whoever keeps a list should fetch it anew."""
MAX_AGE = 60
"""Seconds for which caches on the way may keep it."""


@dataclass(frozen=True, slots=True)
class Published:
    """A signed list; ``version`` counts its changes."""

    token: str
    version: int
    issued: int
    kid: str


def address(origin: str, number: int) -> str:
    """Where a list is published, which is its name as well."""
    return f"{origin}/licences/status/{number}"


def take_place(change: Change) -> tuple[int, int]:
    """A list and a place in it that no credential ever had; makes another list if one is full.

    The caller enters whose it is, in the same change.
    """
    newest = select(StatusListRow).order_by(StatusListRow.number.desc())  # type: ignore[attr-defined]
    row = change.session.exec(newest).first()
    if row is None or row.taken >= FULL:
        row = StatusListRow(
            number=1 if row is None else row.number + 1,
            version=0,
            packed=bytes(SIZE * LIST_BITS // 8),
            taken=0,
            position=0,
        )
        _enter(change, row)
    while True:
        place = secrets.randbelow(SIZE)
        if change.session.get(LicenceCredentialRow, (row.number, place)) is None:
            row.taken += 1
            change.session.add(row)
            return row.number, place


def tell(change: Change, places: Iterable[LicenceCredentialRow], status: Status) -> None:
    """Tell a licence's new status at each of its places; enters every list that changes."""
    by_list: dict[int, list[int]] = {}
    for one in places:
        by_list.setdefault(one.list, []).append(one.place)
    for number, mine in sorted(by_list.items()):
        row = change.session.get(StatusListRow, number)
        if row is None:
            raise StorageRefused(why="status-list-gone")
        before = StatusList(row.packed, LIST_BITS)
        value = int(LIST_STATUS[status])
        if all(before[place] == value for place in mine):
            continue
        row.packed = before.changed(dict.fromkeys(mine, value)).packed
        _enter(change, row)


def _enter(change: Change, row: StatusListRow) -> None:
    row.version += 1
    state: dict[str, Json] = {
        "digest": digest(row.packed),
        "number": row.number,
        "version": row.version,
    }
    row.position = change.append("status-list", state)
    change.session.add(row)
    change.session.flush()


class Lists:
    """Signs the lists of one hub, in one process."""

    def __init__(self, origin: str, reading: Connection, ring: KeyRing, clock: Clock) -> None:
        self._origin = origin
        self._reading = reading
        self._ring = ring
        self._clock = clock
        self._signed: dict[int, Published] = {}

    def reference(self, number: int, place: int) -> Reference:
        """How a credential names its place."""
        return Reference(address(self._origin, number), place)

    def publish(self, number: int) -> Published:
        """The list as it stands now, signed; raises ``NotFound``."""
        row = self._reading.execute(
            "SELECT version FROM status_lists WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            raise NotFound(what="status-list")
        now, (key, kid) = self._clock() // 1000, self._ring.credential
        kept = self._signed.get(number)
        if (
            kept is not None
            and (kept.version, kept.kid) == (row[0], kid)
            and kept.issued <= now < kept.issued + EXPIRES // 2
        ):
            return kept
        version, packed = self._reading.execute(
            "SELECT version, packed FROM status_lists WHERE number = ?", (number,)
        ).fetchone()
        token = StatusListToken(
            uri=address(self._origin, number),
            issued=now,
            expires=now + EXPIRES,
            ttl=TTL,
            statuses=StatusList(packed, LIST_BITS),
        )
        found = Published(issue_list(token, key, kid), version, now, kid)
        self._signed[number] = found
        return found

    def position(self, number: int) -> int:
        """The entry that tells the digest of a list; raises ``NotFound``."""
        row = self._reading.execute(
            "SELECT position FROM status_lists WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            raise NotFound(what="status-list")
        return int(row[0])
