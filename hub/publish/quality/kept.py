"""Profiles as they are kept: one for each publication that was checked to its end."""

from dataclasses import dataclass
from typing import cast

import orjson
from sqlmodel import col, select

from certs.canonical import Json, canonical
from hub.ledger.change import Change
from hub.publish.operations import FULL
from hub.publish.quality.profile import Profile
from hub.storage.sqlite import Connection
from hub.storage.tables import ProfileRow

KEPT = 400
"""Profiles of one dataset; older ones go, and their digests stay in the ledger. More than a year of
daily publications, each some ten kilobytes."""

_CHECKED = (
    "SELECT r.publication, r.dataset, r.time, p.state, r.body, p.report FROM profiles r"
    " JOIN publications p ON p.id = r.publication"
)
_NEWEST = " ORDER BY r.time DESC, r.rowid DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Checked:
    """A publication that was checked; ``findings`` are those of its report, as they are kept."""

    publication: str
    dataset: str
    time: int
    state: str
    profile: Profile
    findings: tuple[dict[str, Json], ...]


def keep(change: Change, publication: str, dataset: str, profile: Profile) -> None:
    """Keep a profile with the publication's outcome, in the same transaction."""
    session = change.session
    body = canonical(profile.to_json()).decode("utf-8")
    row = ProfileRow(publication=publication, dataset=dataset, time=change.time, body=body)
    session.merge(row)
    session.flush()
    newest = (
        select(ProfileRow)
        .where(ProfileRow.dataset == dataset)
        .order_by(col(ProfileRow.time).desc())
        .offset(KEPT)
    )
    for old in session.exec(newest):
        session.delete(old)


def last_live(connection: Connection, dataset: str) -> Profile | None:
    """The profile of what was last published in full and went live."""
    row = connection.execute(
        f"{_CHECKED} WHERE r.dataset = ? AND p.state = 'live' AND p.mode = ?{_NEWEST}",
        (dataset, FULL, 1),
    ).fetchone()
    return None if row is None else Profile.of_json(orjson.loads(row[4]))


def checked(connection: Connection, publication: str) -> Checked | None:
    """What was found in one publication; None if it has no profile."""
    row = connection.execute(f"{_CHECKED} WHERE r.publication = ?", (publication,)).fetchone()
    return None if row is None else _read(row)


def trend(
    connection: Connection, dataset: str, last: int, *, until: int | None = None
) -> list[Checked]:
    """The ``last`` publications that were checked, newest first; discarded ones are left out.

    ``until`` leaves out those that were checked later.
    """
    rows = connection.execute(
        f"{_CHECKED} WHERE r.dataset = ?1 AND p.state IN ('live', 'held')"
        f" AND (?2 IS NULL OR r.time <= ?2){_NEWEST.replace('?', '?3')}",
        (dataset, until, last),
    )
    return [_read(row) for row in rows]


def _read(row: tuple[str, str, int, str, str, str | None]) -> Checked:
    publication, dataset, time, state, body, report = row
    told = orjson.loads(report or "{}")
    return Checked(
        publication,
        dataset,
        time,
        state,
        Profile.of_json(orjson.loads(body)),
        tuple(cast("list[dict[str, Json]]", told.get("findings", []))),
    )
