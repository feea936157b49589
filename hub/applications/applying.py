"""The applicant's acts: draft, amend, sign, withdraw, dispute.

A steward drafts, the head of the department signs, and they are two people. Whatever is missing is
told at once, as often as anybody asks; only signing needs that nothing is.
"""

from catalog.working_days import WorkingDays
from certs.encoding import rfc3339
from hub.applications.application import ANSWERED, OPEN, Application, Dispute, Elements, Gap, Reply
from hub.applications.consent import consent
from hub.applications.errors import ApplicationIncomplete
from hub.applications.gaps import gaps, unconditional
from hub.applications.register import (
    current,
    dataset_of,
    new_id,
    purposes,
    require_another,
    require_side,
    told,
    write,
)
from hub.calendar.statutory import REPLY_CONDITIONAL, due
from hub.errors import Conflict, NotFound
from hub.ledger.change import Actor, Changes
from hub.storage.tables import ApplicationRow


def draft(
    changes: Changes, actor: Actor, dataset: str, elements: Elements
) -> tuple[Application, tuple[Gap, ...]]:
    """Begin an application for a dataset of another department; and all that it lacks.

    Raises ``NotFound`` for the dataset, ``Conflict`` for one of the own department.
    """
    with changes.change(actor, moves_epoch=False) as change:
        definition, provider = dataset_of(change.session, dataset)
        if actor.account is None or actor.department is None:
            raise NotFound(what="department")
        if provider == actor.department:
            raise Conflict(why="own-dataset")
        application = Application(
            id=new_id(),
            version=0,
            status="draft",
            department=actor.department,
            dataset=dataset,
            provider=provider,
            elements=elements,
            created=told(change),
        )
        row = ApplicationRow(
            id=application.id,
            department=application.department,
            dataset=dataset,
            provider=provider,
            status="draft",
            version=0,
            state="",
            drafted_by=actor.account,
        )
        lacking = gaps(elements, definition, purposes(change.session), change.time)
        return write(change, row, application), lacking


def amend(
    changes: Changes, actor: Actor, application: str, version: int, elements: Elements
) -> tuple[Application, tuple[Gap, ...]]:
    """Change what is stated, before it is signed or after it was returned; and all that it lacks.

    Raises ``NotFound``, or ``Conflict`` for another version or status.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.department)
        if found.status not in {"draft", "returned"}:
            raise Conflict(why=f"application-{found.status}")
        definition, _ = dataset_of(change.session, found.dataset)
        row.drafted_by = actor.account or ""
        lacking = gaps(elements, definition, purposes(change.session), change.time)
        return write(change, row, found.model_copy(update={"elements": elements})), lacking


def sign(
    changes: Changes, actor: Actor, application: str, version: int, calendar: WorkingDays
) -> Application:
    """The applicant's head signs: the provider has it, and the period of its reply begins.

    What is shared without conditions is granted at once, by rule. Raises ``NotFound``,
    ``Conflict``, ``Forbidden`` to whoever drafted it, ``ApplicationIncomplete`` with every gap.
    """
    with changes.change(actor) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.department)
        if found.status not in {"draft", "returned"}:
            raise Conflict(why=f"application-{found.status}")
        require_another(actor, row.drafted_by)
        definition, _ = dataset_of(change.session, found.dataset)
        lacking = gaps(found.elements, definition, purposes(change.session), change.time)
        if lacking:
            raise ApplicationIncomplete(lacking)
        now = told(change)
        if unconditional(found.elements, definition):
            items = dict.fromkeys(found.elements.items, "full")
            granted = found.model_copy(
                update={
                    "submitted": now,
                    "by_rule": True,
                    "reply": Reply.model_validate({"items": items, "refused": {}, "signed": now}),
                }
            )
            return write(change, row, consent(change, granted, calendar))
        ends = due(calendar, change.time, REPLY_CONDITIONAL.days)
        update = {"status": "submitted", "submitted": now, "due": rfc3339(ends), "extension": None}
        return write(change, row, found.model_copy(update=update))


def withdraw(changes: Changes, actor: Actor, application: str, version: int) -> Application:
    """Take an application back that was not answered; raises ``NotFound`` or ``Conflict``."""
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.department)
        if found.status not in OPEN:
            raise Conflict(why=f"application-{found.status}")
        update = {"status": "withdrawn", "due": None, "reply": None}
        return write(change, row, found.model_copy(update=update))


def dispute(
    changes: Changes, actor: Actor, application: str, version: int, reason: str
) -> Application:
    """Not accept the reply, and after each level that settled nothing go to the next (Art 28).

    Raises ``NotFound`` or ``Conflict``.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.department)
        if found.status not in ANSWERED or found.status == "granted":
            raise Conflict(why=f"application-{found.status}")
        opened = Dispute(reason=reason, level=_level_after(found.dispute))
        return write(change, row, found.model_copy(update={"dispute": opened}))


def _level_after(before: Dispute | None) -> str:
    if before is None:
        return "departments"
    if before.settled is None:
        raise Conflict(why="dispute-open")
    if before.level == "government":
        raise Conflict(why="dispute-ended")
    return "authority" if before.level == "departments" else "government"
