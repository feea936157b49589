"""The small transactions of a publication: each one moves its state, all or nothing.

receiving → checking → live
                     ↘ held → live
any of the first three, and held → discarded; receiving, checking → failed

A full publication fills a generation of its own, and the pointer moves to it. A change set is
written into the generation that stands, and the version moves by one.
"""

import json
from collections.abc import Collection
from typing import NamedTuple

from sqlmodel import Session

from catalog.comparison import same_layout
from catalog.definition import load
from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from hub.access.standing_stops import STOPPED
from hub.errors import Conflict, NotFound
from hub.ledger.change import Change
from hub.publish import sequence
from hub.publish.errors import OutOfOrder
from hub.publish.operations import CHANGES
from hub.publish.orders import Written
from hub.publish.report import Report
from hub.settings import Settings
from hub.storage.entry_tables import DefinitionRow
from hub.storage.generation import FIRST_VERSION
from hub.storage.tables import (
    CertificateRow,
    ChangeSetRow,
    ConnectorRow,
    DatasetRow,
    DepartmentRow,
    GenerationRow,
    PublicationRow,
)

RUNNING = frozenset({"receiving", "checking", "held"})
"""States that keep another publication of the same dataset out."""


class SenderSuspended(Exception):
    """Certificate, connector or department of the sender no longer stand: to be held."""


class Flipped(NamedTuple):
    """What is live now, and what was."""

    generation: str
    retired: str | None


def publication_in(
    session: Session, publication: str, states: Collection[str] | None = None
) -> PublicationRow:
    """The row of a publication; raises ``NotFound``, or ``Conflict`` if its state is another."""
    row = session.get(PublicationRow, publication)
    if row is None:
        raise NotFound(what="publication")
    if states is not None and row.state not in states:
        raise Conflict(why=f"publication-{row.state}")
    return row


def begin_sealing(change: Change, publication: str, generation: str, keys: bytes) -> None:
    """Name the generation that a job is about to fill, in place of one that was cut off.

    Raises ``Conflict`` if there is nothing to do any more.
    """
    row = publication_in(change.session, publication, {"receiving", "checking"})
    forget_generation(change, row)
    change.session.add(
        GenerationRow(
            name=generation,
            dataset=row.dataset,
            keys=keys,
            row_count=0,
            digest="",
            state="sealing",
            keyed=True,
            definition=row.definition,
        )
    )
    row.generation = generation
    change.session.add(row)


def begin_changing(change: Change, publication: str) -> tuple[GenerationRow, int]:
    """Name the generation that a job is about to change, and the version that it makes.

    Raises ``Conflict`` if there is nothing to do any more, ``OutOfOrder`` if the set does not
    follow what stands.
    """
    session = change.session
    row = publication_in(session, publication, {"receiving", "checking"})
    dataset = _dataset(session, row)
    sequence.require_next(row.mode, row.sequence, dataset.sequence)
    standing = session.get(GenerationRow, dataset.generation) if dataset.generation else None
    standing = sequence.require_changeable(dataset, standing)
    require_layout(session, row.definition, standing)
    forget_generation(change, row)
    session.flush()
    version = dataset.version + 1
    session.add(ChangeSetRow(publication=publication, generation=standing.name, version=version))
    return standing, version


def require_layout(session: Session, definition: str | None, standing: GenerationRow) -> None:
    """Raise ``OutOfOrder`` if the rows that stand hold other items than rows under ``definition``.

    A change set writes among them, and whoever reads goes by one layout.
    """
    if definition == standing.definition:
        return
    ours, theirs = (session.get(DefinitionRow, name) for name in (definition, standing.definition))
    if ours is None or theirs is None:
        raise OutOfOrder(why=sequence.IN_FULL_FIRST)
    now, sealed = (load(one.definition, one.dataset) for one in (ours, theirs))
    if not same_layout(now, sealed):
        raise OutOfOrder(why=sequence.IN_FULL_FIRST)


def take_seals(change: Change, generation: str, seals: int) -> None:
    """Count seals before a generation's key makes them; raises ``OutOfOrder`` beyond its limit."""
    row = change.session.get(GenerationRow, generation)
    if row is None:
        raise Conflict(why="generation-gone")
    sequence.require_seals(row, seals)
    row.seals += seals
    change.session.add(row)


def record_outcome(change: Change, publication: str, report: Report, written: Written) -> None:
    """Note what a job found and wrote; raises ``Conflict`` if it was given up meanwhile."""
    session = change.session
    row = publication_in(session, publication, {"checking"})
    made = _change_set(session, row) if row.mode == CHANGES else _generation(session, row)
    made.row_count = written.rows
    made.digest = written.digest
    if isinstance(made, GenerationRow):
        # At least: rejected rows were not sealed.
        made.seals = report.read
    row.done = row.total = report.read
    row.report = canonical(report.to_json()).decode()
    session.add(made)
    session.add(row)


def hold(change: Change, publication: str) -> None:
    """Keep what a job has written back until a steward has decided."""
    row = publication_in(change.session, publication, {"checking"})
    row.state = "held"
    if row.mode != CHANGES:
        generation = _generation(change.session, row)
        generation.state = "held"
        change.session.add(generation)
    change.session.add(row)


def sender_stands(session: Session, publication: str) -> bool:
    """Whether certificate, connector and department of the sender are active.

    And whether nobody has stopped the dataset in an emergency.
    """
    row = publication_in(session, publication)
    certificate = session.get(CertificateRow, row.keyid)
    connector = session.get(ConnectorRow, row.connector)
    if certificate is None or connector is None or certificate.connector != connector.urn:
        return False
    department = session.get(DepartmentRow, connector.department)
    dataset = session.get(DatasetRow, row.dataset)
    if department is None or dataset is None or dataset.status == STOPPED:
        return False
    return {certificate.status, connector.status, department.status} == {"active"}


def go_live(
    change: Change, settings: Settings, publication: str, *, released_by: str | None
) -> Flipped:
    """Move the pointer to what the publication has written, and enter it.

    ``released_by`` is the department whose steward let a held one through; who that was stands in
    the *person* part. ``as_of`` is when the department began to send. Raises ``SenderSuspended``
    if nobody released it and the sender, revoked or suspended, may no longer publish, and
    ``OutOfOrder`` if something else went live that it does not follow.
    """
    session = change.session
    row = publication_in(session, publication, {"checking", "held"})
    if released_by is None and not sender_stands(session, publication):
        raise SenderSuspended
    dataset = _dataset(session, row)
    if dataset.status == STOPPED:
        # Also what a steward releases waits until the emergency is over.
        raise Conflict(why="stopped")
    sequence.require_next(row.mode, row.sequence, dataset.sequence)
    standing = session.get(GenerationRow, dataset.generation) if dataset.generation else None
    before = standing.digest if standing is not None else None
    if row.mode == CHANGES:
        retired = None
        generation = _change(session, row, dataset, standing)
    else:
        retired = dataset.generation
        generation = _replace(session, row, dataset, standing)
    dataset.as_of = row.created
    if row.sequence is not None:
        dataset.sequence = row.sequence
    row.state = generation.state = "live"
    for changed in (dataset, generation, row):
        session.add(changed)
    report: dict[str, Json] = json.loads(row.report or "{}")
    row.live = change.append(
        "publication",
        {
            "as_of": rfc3339(dataset.as_of),
            "before": before,
            "dataset": settings.full(dataset.code),
            "definition": generation.definition,
            "digest": generation.digest,
            "generation": generation.name,
            "mode": row.mode,
            "publication": row.id,
            "released_by": released_by,
            "report": report,
            "retired": retired,
            "rows": generation.row_count,
            "sequence": dataset.sequence,
            "state": "live",
            "version": dataset.version,
        },
    )
    return Flipped(generation.name, retired)


def give_up(change: Change, publication: str, state: str, failure: str | None = None) -> str | None:
    """End a publication that is not live, as ``failed`` or ``discarded``; gives its generation."""
    row = publication_in(change.session, publication, RUNNING)
    generation = row.generation
    forget_generation(change, row)
    row.state = state
    row.failure = failure
    change.session.add(row)
    return generation


def forget_generation(change: Change, row: PublicationRow) -> None:
    """Take the generation away that a publication was filling; its keys go with it.

    Of a change set, that it was under way: the generation that stands is not its own.
    """
    change_set = change.session.get(ChangeSetRow, row.id)
    if change_set is not None:
        change.session.delete(change_set)
    if row.generation is not None:
        generation = change.session.get(GenerationRow, row.generation)
        if generation is not None:
            change.session.delete(generation)
        row.generation = None
        change.session.add(row)


def _replace(
    session: Session, row: PublicationRow, dataset: DatasetRow, standing: GenerationRow | None
) -> GenerationRow:
    """Put a full publication's generation in the place of the one that stood."""
    generation = _generation(session, row)
    if standing is not None:
        standing.state = "retired"
        session.add(standing)
    dataset.generation, dataset.version = generation.name, FIRST_VERSION
    return generation


def _change(
    session: Session, row: PublicationRow, dataset: DatasetRow, standing: GenerationRow | None
) -> GenerationRow:
    """Show the version that a change set has written; only beside what it was written to."""
    change_set = _change_set(session, row)
    written_to = (change_set.generation, change_set.version - 1)
    if standing is None or written_to != (standing.name, dataset.version):
        raise OutOfOrder(why="standing-moved")
    standing.row_count, standing.digest = change_set.row_count, change_set.digest
    dataset.version = change_set.version
    row.generation = standing.name
    session.delete(change_set)
    return standing


def _dataset(session: Session, row: PublicationRow) -> DatasetRow:
    dataset = session.get(DatasetRow, row.dataset)
    if dataset is None:
        raise NotFound(what="dataset")
    return dataset


def _change_set(session: Session, row: PublicationRow) -> ChangeSetRow:
    found = session.get(ChangeSetRow, row.id)
    if found is None:
        raise Conflict(why="generation-gone")
    return found


def _generation(session: Session, row: PublicationRow) -> GenerationRow:
    generation = session.get(GenerationRow, row.generation) if row.generation else None
    if generation is None:
        raise Conflict(why="generation-gone")
    return generation
