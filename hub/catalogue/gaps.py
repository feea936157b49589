"""What still stands against an edition of an entry: everything at once."""

from collections.abc import Iterator
from datetime import date

from sqlmodel import col, or_, select

from catalog.comparison import same_records
from catalog.definition import Dataset, load
from hub.access.document import Gap
from hub.calendar.statutory import day_of
from hub.catalogue.entry import Assessment, Edition
from hub.ledger.change import Change
from hub.storage.entry_tables import EntryRow
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow, PublicationRow

_UNDER_WAY = ("receiving", "checking", "held")
"""States of a publication that may still go live."""
_TAKEN = """
    SELECT count(*) FROM catalogue_entries
    WHERE code != ?1 AND (classification = ?2 OR drafted_classification = ?2)
"""


def gaps(edition: Edition, dataset: Dataset, *, taken: bool, rebound: bool, now: int) -> list[Gap]:
    """All that is missing or wrong; ``now`` in milliseconds.

    ``taken``: another entry has its code. ``rebound``: it says otherwise than what is published
    what a record is.
    """
    found = _gaps(edition, dataset, taken=taken, rebound=rebound, today=day_of(now))
    return [Gap(where=where, why=why) for where, why in found]


def gaps_in(change: Change, edition: Edition, dataset: Dataset) -> list[Gap]:
    """The same, within a change."""
    session, code = change.session, dataset.classification
    taken = code is not None and bool(
        session.exec(
            select(EntryRow.code).where(
                EntryRow.code != dataset.code,
                or_(
                    col(EntryRow.classification) == code,
                    col(EntryRow.drafted_classification) == code,
                ),
            )
        ).first()
    )
    row = session.get(DatasetRow, dataset.code)
    rebound = False
    if row is not None and not same_records(load(row.definition, row.code), dataset):
        running = select(PublicationRow.id).where(
            PublicationRow.dataset == row.code, col(PublicationRow.state).in_(_UNDER_WAY)
        )
        rebound = row.generation is not None or bool(session.exec(running).first())
    return gaps(edition, dataset, taken=taken, rebound=rebound, now=change.time)


def gaps_of(connection: Connection, edition: Edition, dataset: Dataset, now: int) -> list[Gap]:
    """The same, as pages and answers tell it."""
    (taken,) = connection.execute(_TAKEN, (dataset.code, dataset.classification)).fetchone()
    row = connection.execute(
        "SELECT definition, generation FROM datasets WHERE code = ?", (dataset.code,)
    ).fetchone()
    rebound = row is not None and row[1] is not None
    rebound = rebound and not same_records(load(row[0], dataset.code), dataset)
    return gaps(edition, dataset, taken=bool(taken), rebound=rebound, now=now)


def _gaps(
    edition: Edition, dataset: Dataset, *, taken: bool, rebound: bool, today: date
) -> Iterator[tuple[str, str]]:
    if dataset.classification is None:
        yield "classification", "missing"
    elif taken:
        yield "classification", "taken"
    if rebound:
        # Disputes, repairs and subscriptions hang on what a record is, and would be lost.
        yield "row_key", "records-rebound"
    yield from _assessment("secrecy", edition.assessments.secrecy, today)
    yield from _assessment("privacy", edition.assessments.privacy, today)


def _assessment(where: str, found: Assessment | None, today: date) -> Iterator[tuple[str, str]]:
    if found is None:
        yield where, "missing"
        return
    if found.result == "failed":
        yield where, "failed"
    why = day_fault(found.day, today)
    if why is not None:
        yield where, why


def day_fault(day: str, today: date) -> str | None:
    """What is wrong with the day of an assessment."""
    try:
        return "day-ahead" if date.fromisoformat(day) > today else None
    except ValueError:
        return "day"
