"""A grant from its issue to its end, as its sides and the authority see it."""

from collections.abc import Iterator

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.access import grants, purposes
from hub.access.ends import End, end_of, review_at
from hub.access.grant import Grant
from hub.calendar.corrections import working_days
from hub.calendar.statutory import due, urgency
from hub.errors import NotFound
from hub.people.permissions import Permission, may
from hub.people.sessions import Person
from hub.settings import GrantSettings
from hub.storage.sqlite import Connection
from hub.usage import disposals, dispositions, statements


def department_of(person: Person) -> str | None:
    """The department whose side a person sees; None for whoever sees all sides."""
    if may(person, Permission.READ_ALL_GRANTS):
        return None
    # Nobody's, for one who acts for none: it is a side of nothing.
    return person.department or ""


def seen(connection: Connection, person: Person, grant_id: str) -> Grant:
    """A grant of which a person's department is a side; raises ``NotFound`` to all others."""
    grant = grants.find(connection, grant_id)
    department = department_of(person)
    if department not in {None, grant.department, provider_of(connection, grant)}:
        raise NotFound(what="grant")
    return grant


def provider_of(connection: Connection, grant: Grant) -> str:
    """The department whose dataset a grant is over."""
    (department,) = connection.execute(
        "SELECT department FROM datasets WHERE code = ?", (grant.dataset,)
    ).fetchone()
    return str(department)


def life_of(
    connection: Connection, settings: GrantSettings, person: Person, grant_id: str, now: int
) -> dict[str, Json]:
    """All that a person sees of a grant's life; raises ``NotFound``."""
    grant = seen(connection, person, grant_id)
    department = department_of(person)
    end = end_of(grant, purposes.ends(connection), now)
    review = None if end is not None else review_at(grant, settings.review_days)
    disposal = disposals.find(connection, grant_id, department)
    told: list[Json] = [
        one.state() for one in dispositions.of_grant(connection, grant_id, department)
    ]
    stated: list[Json] = [one.state() for one in statements.listing(connection, grant_id)]
    return {
        "disposal": None if disposal is None else disposal.state(),
        "dispositions": told,
        "ended": None if end is None else _end(connection, settings, end, now),
        "grant": grant.state(),
        "review_at": None if review is None else rfc3339(review),
        "statements": stated,
    }


def ended_without_disposal(
    connection: Connection, settings: GrantSettings, now: int
) -> Iterator[dict[str, Json]]:
    """Every grant that has ended and whose user has not said how it disposed of what it had."""
    ended, recorded = purposes.ends(connection), disposals.standing(connection)
    for grant in grants.listing(connection):
        end = end_of(grant, ended, now)
        if end is not None and not recorded.get(grant.id, False):
            yield {
                "dataset": grant.dataset,
                "department": grant.department,
                "drafted": grant.id in recorded,
                "ended": _end(connection, settings, end, now),
                "id": grant.id,
            }


def _end(connection: Connection, settings: GrantSettings, end: End, now: int) -> dict[str, Json]:
    if end.at is None:
        return {"at": None, "due": None, "urgency": None, "why": end.why}
    calendar = working_days(connection)
    ends = due(calendar, end.at, settings.disposal_days)
    return {
        "at": rfc3339(end.at),
        "due": rfc3339(ends),
        "urgency": urgency(calendar, ends, now),
        "why": end.why,
    }
