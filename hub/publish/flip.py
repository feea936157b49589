"""The small transactions of a publication: each one moves its state, all or nothing.

receiving → checking → live
                     ↘ held → live
any of the first three, and held → discarded; receiving, checking → failed
"""

import json
from collections.abc import Collection
from typing import NamedTuple

from sqlmodel import Session

from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from hub.errors import Conflict, NotFound
from hub.ledger.change import Change
from hub.publish.report import Report
from hub.publish.sealer import FIRST_VERSION, Written
from hub.settings import Settings
from hub.storage.tables import (
    CertificateRow,
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
        )
    )
    row.generation = generation
    change.session.add(row)


def record_outcome(change: Change, publication: str, report: Report, written: Written) -> None:
    """Note what a job found and wrote; raises ``Conflict`` if it was given up meanwhile."""
    row = publication_in(change.session, publication, {"checking"})
    generation = _generation(change.session, row)
    generation.row_count = written.rows
    generation.digest = written.digest
    row.done = row.total = report.read
    row.report = canonical(report.to_json()).decode()
    change.session.add(generation)
    change.session.add(row)


def hold(change: Change, publication: str) -> None:
    """Keep a finished generation back until a steward has decided."""
    row = publication_in(change.session, publication, {"checking"})
    generation = _generation(change.session, row)
    row.state = generation.state = "held"
    change.session.add(generation)
    change.session.add(row)


def sender_stands(session: Session, publication: str) -> bool:
    """Whether certificate, connector and department of the sender are active."""
    row = publication_in(session, publication)
    certificate = session.get(CertificateRow, row.keyid)
    connector = session.get(ConnectorRow, row.connector)
    if certificate is None or connector is None or certificate.connector != connector.urn:
        return False
    department = session.get(DepartmentRow, connector.department)
    if department is None:
        return False
    return {certificate.status, connector.status, department.status} == {"active"}


def go_live(
    change: Change, settings: Settings, publication: str, *, released_by: str | None
) -> Flipped:
    """Move the pointer to the publication's generation, and enter it.

    ``released_by`` is the department whose steward let a held one through; who that was stands in
    the *person* part. ``as_of`` is when the department began to send. Raises ``SenderSuspended``
    if nobody released it and the sender, revoked or suspended, may no longer publish.
    """
    session = change.session
    row = publication_in(session, publication, {"checking", "held"})
    if released_by is None and not sender_stands(session, publication):
        raise SenderSuspended
    generation = _generation(session, row)
    dataset = session.get(DatasetRow, row.dataset)
    if dataset is None:
        raise NotFound(what="dataset")
    retired = dataset.generation
    before = session.get(GenerationRow, retired) if retired else None
    if before is not None:
        before.state = "retired"
        session.add(before)
    dataset.generation, dataset.version, dataset.as_of = generation.name, FIRST_VERSION, row.created
    row.state = generation.state = "live"
    for changed in (dataset, generation, row):
        session.add(changed)
    report: dict[str, Json] = json.loads(row.report or "{}")
    change.append(
        "publication",
        {
            "as_of": rfc3339(dataset.as_of),
            "dataset": settings.full(dataset.code),
            "digest": generation.digest,
            "generation": generation.name,
            "publication": row.id,
            "released_by": released_by,
            "report": report,
            "retired": retired,
            "rows": generation.row_count,
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
    """Take the generation away that a publication was filling; its keys go with it."""
    if row.generation is not None:
        generation = change.session.get(GenerationRow, row.generation)
        if generation is not None:
            change.session.delete(generation)
        row.generation = None
        change.session.add(row)


def _generation(session: Session, row: PublicationRow) -> GenerationRow:
    generation = session.get(GenerationRow, row.generation) if row.generation else None
    if generation is None:
        raise Conflict(why="generation-gone")
    return generation
