"""The provider's answer, its repair, and the raiser's withdrawal: each ends an objection.

Its marks go in the same change, where no other objection and not the provider itself holds the
record for disputed.
"""

from catalog.definition import load
from certs.encoding import digest, rfc3339
from hub.access.marks import MarkKind, disputed_by, set_mark, settle_in
from hub.errors import Conflict, NotFound
from hub.ledger.change import Actor, Change
from hub.objections.content import open_claim, seal_answer
from hub.objections.desk import Desk
from hub.objections.objection import Objection, Outcome
from hub.objections.register import KIND, current, find, sealed, write
from hub.storage.objection_tables import ObjectionRow
from hub.storage.tables import PublicationRow

_Subject = tuple[str, str]


def answer(
    desk: Desk,
    actor: Actor,
    objection: str,
    outcome: Outcome,
    reason: str,
    publication: str | None = None,
) -> Objection:
    """Answer as the provider: the value stands, was corrected, or the objection is not taken up.

    ``corrected`` names the publication or change set of the dataset that went live since: nobody
    is told to ask again for what is still wrong. Raises ``NotFound`` to all but the provider, and
    ``Conflict`` once it has ended or for a publication that cannot have corrected it.
    """
    seen = find(desk.reading, objection, actor.department)
    if seen.provider != actor.department:
        raise NotFound(what=KIND)
    subject = subject_of(desk, objection)
    reasoned = seal_answer(desk, _retention(desk, seen.dataset), objection, reason)
    with desk.changes.change(actor) as change:
        row, found = current(change.session, objection, actor.department)
        corrected = None
        if outcome == "corrected":
            corrected = _live(change, found, publication)
        elif publication is not None:
            raise Conflict(why="publication-idle")
        row.answer = reasoned
        update = {
            "status": outcome,
            "answer": digest(reasoned),
            "publication": publication,
            "corrected": corrected,
        }
        return _end(change, row, found.model_copy(update=update), subject)


def withdraw(desk: Desk, actor: Actor, objection: str) -> Objection:
    """Take an objection back, as who raised it; raises ``NotFound`` to others, ``Conflict``."""
    seen = find(desk.reading, objection, actor.department)
    if seen.department != actor.department:
        raise NotFound(what=KIND)
    subject = subject_of(desk, objection)
    with desk.changes.change(actor) as change:
        row, found = current(change.session, objection, actor.department)
        return _end(change, row, found.model_copy(update={"status": "withdrawn"}), subject)


def mark(
    desk: Desk, actor: Actor, dataset: str, pseudonym: bytes, kind: MarkKind, subject: _Subject
) -> int:
    """Mark a record as its provider, or clear its mark; raises as ``set_mark`` does.

    A repair ends the objections of which it takes the last record: as ``corrected``, for the value
    is given to nobody any more.
    """

    def released(change: Change, objections: frozenset[str], position: int) -> None:
        for objection in sorted(objections):
            row = change.session.get(ObjectionRow, objection)
            if row is None or disputed_by(change, objection):
                continue
            found = Objection.model_validate_json(row.state)
            update = {"status": "corrected", "corrected": position}
            _end(change, row, found.model_copy(update=update), subject)

    return set_mark(desk.changes, actor, dataset, pseudonym, kind, subject, released=released)


def subject_of(desk: Desk, objection: str) -> _Subject | None:
    """Whom an objection is about; None once that is gone."""
    content, _ = sealed(desk.reading, objection)
    claim = open_claim(desk, objection, content)
    return None if claim is None else (claim.subject.type, claim.subject.id)


def _live(change: Change, objection: Objection, publication: str | None) -> int:
    """The position at which a publication of the dataset went live, after the objection."""
    row = None if publication is None else change.session.get(PublicationRow, publication)
    if row is None or row.dataset != objection.dataset:
        raise Conflict(why="publication-unknown")
    if row.state != "live" or row.live is None or row.live < objection.entry:
        raise Conflict(why="publication-before")
    return row.live


def _end(
    change: Change, row: ObjectionRow, objection: Objection, subject: _Subject | None
) -> Objection:
    for pseudonym in disputed_by(change, objection.id):
        settle_in(change, objection.dataset, pseudonym, objection.id, subject)
    ended = objection.model_copy(update={"due": None, "ended": rfc3339(change.time)})
    return write(change, row, ended, subject)


def _retention(desk: Desk, dataset: str) -> str:
    row = desk.reading.execute(
        "SELECT definition FROM datasets WHERE code = ?", (dataset,)
    ).fetchone()
    return load(row[0], dataset).retention
