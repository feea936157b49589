"""What is admitted, as lists show it: departments and connectors by page, purposes with grants.

Bounded each: what is left out is counted or goes on on the next page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.errors import NotFound
from hub.storage.sqlite import Connection

PAGE = 50
"""Rows of one page."""
CERTIFICATES = 5
"""Of one connector: those in force first, then the newest."""
LATELY = 1000
"""Uploads of the whole hub among which a connector's last one is looked for: whenever it began,
looking costs the same."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department, and how much hangs on it."""

    code: str
    title_zh: str
    title_en: str
    status: str
    connectors: int
    people: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of a connector; times in milliseconds."""

    keyid: str
    status: str
    not_before: int
    not_after: int


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector with its newest certificates.

    ``certificates`` are at most ``CERTIFICATES`` of ``count``. ``invited`` is when the last
    invitation expires that waits to be used, None if none waits. ``uploaded`` is when it last
    began an upload, None if that is not among the hub's last ``LATELY``.
    """

    urn: str
    status: str
    certificates: tuple[Certificate, ...]
    count: int
    invited: int | None
    uploaded: int | None

    @property
    def name(self) -> str:
        """Its name in its department."""
        return self.urn.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose; ``grants`` is how many name it that are not revoked. ``ended`` in milliseconds."""

    code: str
    kind: str
    title_zh: str
    title_en: str
    basis: str
    status: str
    ended: int | None
    grants: int


@dataclass(frozen=True, slots=True)
class Using:
    """A grant that names a purpose."""

    grant: str
    department: str
    dataset: str
    status: str


class Departments(NamedTuple):
    """A page; ``more`` is the code after which the next one begins, None at the end."""

    rows: Sequence[Department]
    more: str | None


class Connectors(NamedTuple):
    """A page; ``more`` is the URN after which the next one begins."""

    rows: Sequence[Connector]
    more: str | None


class Purposes(NamedTuple):
    """A page; ``more`` is the code after which the next one begins."""

    rows: Sequence[Purpose]
    more: str | None


class Users(NamedTuple):
    """A page; ``more`` is the grant after which the next one begins."""

    rows: Sequence[Using]
    more: str | None


# Counted for all at once: a list of fifty must not go through everybody fifty times.
_DEPARTMENTS = (
    "SELECT d.code, d.title_zh, d.title_en, d.status, coalesce(n.count, 0), coalesce(p.count, 0)"
    " FROM departments d"
    " LEFT JOIN (SELECT department, count(*) AS count FROM connectors GROUP BY department) n"
    " ON n.department = d.code"
    " LEFT JOIN (SELECT department, count(*) AS count FROM people WHERE status = 'active'"
    " GROUP BY department) p ON p.department = d.code WHERE"
)


def departments(
    connection: Connection, *, after: str | None = None, most: int = PAGE
) -> Departments:
    """Departments by code."""
    found = connection.execute(
        f"{_DEPARTMENTS} (?1 IS NULL OR d.code > ?1) ORDER BY d.code LIMIT ?2", (after, most + 1)
    ).fetchall()
    rows = [Department(*row) for row in found]
    return Departments(rows[:most], rows[most - 1].code if len(rows) > most else None)


def department(connection: Connection, code: str) -> Department:
    """One of them; raises ``NotFound``."""
    row = connection.execute(f"{_DEPARTMENTS} d.code = ?", (code,)).fetchone()
    if row is None:
        raise NotFound(what="department")
    return Department(*row)


def connectors(
    connection: Connection,
    department: str,
    now: int,
    *,
    after: str | None = None,
    most: int = PAGE,
) -> Connectors:
    """A department's connectors by URN, as they stand at ``now`` (milliseconds)."""
    found = connection.execute(
        "SELECT urn, status FROM connectors WHERE department = ?1 AND (?2 IS NULL OR urn > ?2)"
        " ORDER BY urn LIMIT ?3",
        (department, after, most + 1),
    ).fetchall()
    uploads = connection.execute(
        "SELECT connector, max(created) FROM (SELECT connector, created FROM publications"
        " ORDER BY rowid DESC LIMIT ?) GROUP BY connector",
        (LATELY,),
    )
    uploaded: dict[str, int] = dict(uploads.fetchall())
    rows = [
        _connector(connection, urn, status, now, uploaded.get(urn)) for urn, status in found[:most]
    ]
    return Connectors(rows, rows[-1].urn if len(found) > most else None)


def _connector(
    connection: Connection, urn: str, status: str, now: int, uploaded: int | None
) -> Connector:
    certificates = connection.execute(
        "SELECT keyid, status, not_before, not_after FROM certificates WHERE connector = ?1"
        " ORDER BY status = 'active' AND not_after > ?2 DESC, not_before DESC, keyid LIMIT ?3",
        (urn, now, CERTIFICATES),
    ).fetchall()
    [count] = connection.execute(
        "SELECT count(*) FROM certificates WHERE connector = ?", (urn,)
    ).fetchone()
    [invited] = connection.execute(
        "SELECT max(expires) FROM invitations WHERE connector = ? AND used IS NULL AND expires > ?",
        (urn, now),
    ).fetchone()
    shown = tuple(Certificate(*row) for row in certificates)
    return Connector(urn, status, shown, count, invited, uploaded)


def certified(connection: Connection, urn: str, keyid: str) -> bool:
    """Whether a certificate is this connector's."""
    return (
        connection.execute(
            "SELECT 1 FROM certificates WHERE keyid = ? AND connector = ?", (keyid, urn)
        ).fetchone()
        is not None
    )


_PURPOSES = (
    "SELECT u.code, u.kind, u.title_zh, u.title_en, u.basis, u.status, u.ended,"
    " coalesce(n.count, 0) FROM purposes u"
    " LEFT JOIN (SELECT p.value AS code, count(*) AS count"
    " FROM grants g, json_each(g.state, '$.purposes') p WHERE g.status <> 'revoked'"
    " GROUP BY p.value) n ON n.code = u.code WHERE"
)


def purposes(connection: Connection, *, after: str | None = None, most: int = PAGE) -> Purposes:
    """Purposes by code, with how many grants name each."""
    found = connection.execute(
        f"{_PURPOSES} (?1 IS NULL OR u.code > ?1) ORDER BY u.code LIMIT ?2", (after, most + 1)
    ).fetchall()
    rows = [Purpose(*row) for row in found]
    return Purposes(rows[:most], rows[most - 1].code if len(rows) > most else None)


def purpose(connection: Connection, code: str) -> Purpose:
    """One of them; raises ``NotFound``."""
    row = connection.execute(f"{_PURPOSES} u.code = ?", (code,)).fetchone()
    if row is None:
        raise NotFound(what="purpose")
    return Purpose(*row)


def users(
    connection: Connection, purpose: str, *, after: str | None = None, most: int = PAGE
) -> Users:
    """The grants that name a purpose and are not revoked, by id."""
    found = connection.execute(
        "SELECT g.id, g.department, g.dataset, g.status FROM grants g WHERE g.status <> 'revoked'"
        " AND (?2 IS NULL OR g.id > ?2) AND EXISTS"
        " (SELECT 1 FROM json_each(g.state, '$.purposes') n WHERE n.value = ?1)"
        " ORDER BY g.id LIMIT ?3",
        (purpose, after, most + 1),
    ).fetchall()
    rows = [Using(*row) for row in found]
    return Users(rows[:most], rows[most - 1].grant if len(rows) > most else None)
