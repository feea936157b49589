"""The provider's acts: draft, assess, say that something has changed, ask for time, give up.

A steward drafts and writes down both assessments; whoever drafted does not approve.
"""

from catalog.definition import Dataset
from catalog.working_days import WorkingDays
from certs.encoding import digest, from_rfc3339, rfc3339
from hub.access.departments import require_department
from hub.calendar.statutory import CATALOGUE_UPDATE, day_of, due
from hub.catalogue.entry import (
    OPENED,
    OURS,
    Assessment,
    Assessments,
    Edition,
    EntryState,
    Extension,
    Update,
)
from hub.catalogue.gaps import day_fault
from hub.catalogue.register import current, forget, keep, read_definition, told, write
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.storage.entry_tables import EntryRow
from hub.storage.tables import DatasetRow


def begin(changes: Changes, actor: Actor, definition: bytes) -> EntryState:
    """Draft the first edition of an entry.

    Raises ``DefinitionRefused``, ``Unprocessable``, or ``Conflict`` where there is an entry or
    another department's dataset of this code.
    """
    dataset = read_definition(definition)
    with changes.change(actor, moves_epoch=False) as change:
        if actor.account is None or actor.department is None:
            raise NotFound(what="department")
        require_department(change.session, actor.department)
        row = change.session.get(EntryRow, dataset.code)
        known = change.session.get(DatasetRow, dataset.code)
        if known is not None and known.department != actor.department:
            raise Conflict(why="entry-exists")
        version = 0
        if row is not None:
            # What was given up before anything of it was published may be begun again.
            before = EntryState.model_validate_json(row.state)
            if before.status != "withdrawn" or before.editions or known is not None:
                raise Conflict(why="entry-exists")
            version, row.department = before.version, actor.department
        row = row or EntryRow(
            code=dataset.code, department=actor.department, status="draft", version=0, state=""
        )
        row.drafted_by = actor.account
        entry = EntryState(
            code=dataset.code,
            version=version,
            status="draft",
            provider=actor.department,
            next=_edition(change, 1, dataset, definition),
        )
        return write(change, row, entry)


def redraft(
    changes: Changes,
    actor: Actor,
    code: str,
    version: int,
    definition: bytes,
    calendar: WorkingDays,
) -> EntryState:
    """Write the draft anew, or begin the next edition of what is published.

    What was assessed was another text, so assessments have to be written down again. With the
    first draft of a next edition the period of the update begins (Art 17). Raises ``NotFound``,
    ``Conflict``, ``DefinitionRefused``, ``Unprocessable``.
    """
    dataset = read_definition(definition)
    if dataset.code != code:
        raise Unprocessable(why="other-entry")
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=True)
        before = found.newest
        if before is not None and digest(definition) == before.definition:
            raise Conflict(why="entry-unchanged")
        row.drafted_by = actor.account
        if found.next is None:
            if found.status not in OPENED:
                raise Conflict(why=f"entry-{found.status}")
            edition = _edition(change, len(found.editions) + 1, dataset, definition)
            running = found.update or _update(change, calendar, "")
            return write(change, row, found.model_copy(update={"next": edition, "update": running}))
        _require_ours(found.next)
        edition = found.next.model_copy(
            update={
                "stage": "draft",
                "definition": keep(change, code, definition),
                "assessments": Assessments(),
            }
        )
        forget(change, found, found.next.definition)
        return write(change, row, _with_next(found, edition))


def assess(
    changes: Changes,
    actor: Actor,
    code: str,
    version: int,
    *,
    secrecy: Assessment | None,
    privacy: Assessment | None,
) -> EntryState:
    """Write down one assessment or both (Art 13); what is not given stays as it stands.

    Raises ``NotFound``, ``Conflict``, or ``Unprocessable`` for a day that has not come.
    """
    if secrecy is None and privacy is None:
        raise Unprocessable(why="assessment")
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=True)
        edition = _drafted(found)
        for one in filter(None, (secrecy, privacy)):
            why = day_fault(one.day, day_of(change.time))
            if why is not None:
                raise Unprocessable(why=f"assessment-{why}")
        before = edition.assessments
        written = Assessments(secrecy=secrecy or before.secrecy, privacy=privacy or before.privacy)
        row.drafted_by = actor.account
        update = {"assessments": written, "stage": "assessed" if passed(written) else "draft"}
        return write(change, row, _with_next(found, edition.model_copy(update=update)))


def note_change(
    changes: Changes, actor: Actor, code: str, version: int, reason: str, calendar: WorkingDays
) -> EntryState:
    """Say that what the entry describes has changed: the period of its update begins (Art 17).

    Raises ``NotFound``, or ``Conflict`` if it runs already or nothing is published.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=True)
        if found.status not in OPENED:
            raise Conflict(why=f"entry-{found.status}")
        if found.update is not None:
            raise Conflict(why="change-known")
        update = {"update": _update(change, calendar, reason)}
        return write(change, row, found.model_copy(update=update))


def ask_for_time(
    changes: Changes, actor: Actor, code: str, version: int, extension: Extension
) -> EntryState:
    """Ask the authority for the one extension of an update's period (Art 17).

    Raises ``NotFound``, ``Conflict`` if it has been asked for, or the period does not run.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=True)
        update = found.update
        if update is None:
            raise Conflict(why="no-update")
        if update.extension is not None:
            raise Conflict(why="extended-before")
        if change.time >= from_rfc3339(update.due):
            raise Conflict(why="overdue")
        asked = extension.model_copy(update={"consented": None})
        following = update.model_copy(update={"extension": asked})
        return write(change, row, found.model_copy(update={"update": following}))


def discard(changes: Changes, actor: Actor, code: str, version: int) -> EntryState:
    """Give up a draft; what is published stands on. Raises ``NotFound`` or ``Conflict``.

    A change that a steward has noted stays known, and its clock runs on.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=True)
        edition = _drafted(found)
        forget(change, found, edition.definition)
        running = found.update if found.update is not None and found.update.noted else None
        update = {
            "next": None,
            "update": running,
            "status": found.status if found.editions else "withdrawn",
        }
        return write(change, row, found.model_copy(update=update))


def passed(assessments: Assessments) -> bool:
    """Whether both are there, and neither says no."""
    both = (assessments.secrecy, assessments.privacy)
    return all(one is not None and one.result != "failed" for one in both)


def _edition(change: Change, number: int, dataset: Dataset, definition: bytes) -> Edition:
    return Edition(
        number=number,
        stage="draft",
        definition=keep(change, dataset.code, definition),
        drafted=told(change),
    )


def _update(change: Change, calendar: WorkingDays, noted: str) -> Update:
    ends = due(calendar, change.time, CATALOGUE_UPDATE.days)
    return Update(since=told(change), due=rfc3339(ends), noted=noted)


def _with_next(entry: EntryState, edition: Edition) -> EntryState:
    return entry.model_copy(
        update={"next": edition, "status": entry.status if entry.editions else edition.stage}
    )


def _drafted(entry: EntryState) -> Edition:
    if entry.next is None:
        raise Conflict(why=f"entry-{entry.status}")
    _require_ours(entry.next)
    return entry.next


def _require_ours(edition: Edition) -> None:
    if edition.stage not in OURS:
        raise Conflict(why=f"entry-{edition.stage}")
