"""The provider's acts: return once, reply, sign, ask for more time, deliver.

A steward prepares, the head of the department signs, and they are two people.
"""

from collections.abc import Mapping, Sequence

from catalog.masks import Mask, suits
from catalog.working_days import WorkingDays
from certs.encoding import from_rfc3339, rfc3339
from hub.applications.application import Application, Extension, Gap, Reply
from hub.applications.consent import consent
from hub.applications.register import (
    current,
    dataset_of,
    require_another,
    require_side,
    told,
    write,
)
from hub.calendar.statutory import due
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.storage.tables import DatasetRow


def give_back(
    changes: Changes, actor: Actor, application: str, version: int, lacking: Sequence[Gap]
) -> Application:
    """Return an application with all that it lacks; once, so that nobody is sent to and fro.

    Raises ``NotFound``, ``Conflict`` if it is not submitted or was returned before,
    ``Unprocessable`` if nothing is named.
    """
    if not lacking:
        raise Unprocessable(why="gaps")
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.provider)
        _require_submitted(found)
        if found.returned:
            raise Conflict(why="returned-before")
        update = {"status": "returned", "returned": tuple(lacking), "due": None, "reply": None}
        return write(change, row, found.model_copy(update=update))


def prepare(
    changes: Changes,
    actor: Actor,
    application: str,
    version: int,
    items: Mapping[str, Mask],
    refused: Mapping[str, str],
) -> Application:
    """Draft the reply: each wanted item granted with a mask, or refused with a reason (Art 21).

    Raises ``NotFound``, ``Conflict`` or ``Unprocessable`` with the item that is not answered.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.provider)
        _require_submitted(found)
        definition, _ = dataset_of(change.session, found.dataset)
        wanted = set(found.elements.items)
        answered = [*items, *refused]
        for code in sorted(wanted.symmetric_difference(answered)):
            raise Unprocessable(why="item-not-answered", item=code)
        for code in sorted(items.keys() & refused.keys()):
            raise Unprocessable(why="item-answered-twice", item=code)
        for code, mask in items.items():
            item = definition.by_code.get(code)
            if item is None or not suits(mask, item):
                raise Unprocessable(why="mask-unsuitable", item=code)
        row.prepared_by = actor.account
        reply = Reply(items=dict(items), refused=dict(refused))
        return write(change, row, found.model_copy(update={"reply": reply}))


def sign_reply(
    changes: Changes, actor: Actor, application: str, version: int, calendar: WorkingDays
) -> Application:
    """The provider's head signs: what is granted can be asked for from the next question on.

    Raises ``NotFound``, ``Conflict`` without a reply, ``Forbidden`` to whoever prepared it.
    """
    with changes.change(actor) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.provider)
        _require_submitted(found)
        if found.reply is None:
            raise Conflict(why="no-reply")
        require_another(actor, row.prepared_by)
        reply = found.reply.model_copy(update={"signed": told(change)})
        signed = found.model_copy(update={"reply": reply})
        return write(change, row, consent(change, signed, calendar))


def ask_for_time(
    changes: Changes, actor: Actor, application: str, version: int, extension: Extension
) -> Application:
    """Ask the authority for the one extension of the reply's period (Art 21).

    Raises ``NotFound``, ``Conflict`` if it has been asked for or the period has ended.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.provider)
        _require_submitted(found)
        if found.extension is not None:
            raise Conflict(why="extended-before")
        if found.due is None or change.time >= from_rfc3339(found.due):
            raise Conflict(why="overdue")
        asked = extension.model_copy(update={"consented": None})
        return write(change, row, found.model_copy(update={"extension": asked}))


def consent_to_time(
    changes: Changes, actor: Actor, application: str, version: int, calendar: WorkingDays
) -> Application:
    """The authority consents; the applicant sees it with the new date (Art 21).

    The new period is reckoned from the end of the old one. Raises ``NotFound`` or ``Conflict``.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        _require_submitted(found)
        extension = found.extension
        if extension is None or extension.consented is not None or found.due is None:
            raise Conflict(why="no-extension")
        ends = due(calendar, from_rfc3339(found.due) - 1, extension.days)
        update = {
            "due": rfc3339(ends),
            "extension": extension.model_copy(update={"consented": told(change)}),
        }
        return write(change, row, found.model_copy(update=update))


def deliver(changes: Changes, actor: Actor, application: str, version: int) -> Application:
    """The provider says that what it granted is there: the dataset is published (Art 22).

    Raises ``NotFound``, or ``Conflict`` before that or if nothing is to be delivered.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        require_side(actor, found.provider)
        if found.grant is None or found.delivered is not None:
            raise Conflict(why="nothing-to-deliver")
        dataset = change.session.get(DatasetRow, found.dataset)
        if dataset is None:
            raise NotFound(what="dataset")
        if dataset.generation is None:
            raise Conflict(why="not-published")
        update = {"delivered": told(change), "due": None}
        return write(change, row, found.model_copy(update=update))


def settle(
    changes: Changes, actor: Actor, application: str, version: int, outcome: str
) -> Application:
    """Write down how a dispute was settled at its level; raises ``NotFound`` or ``Conflict``.

    Between the departments either of them may; the authority's word, and the government's, is an
    administrator's to write down.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change.session, actor, application, version)
        dispute = found.dispute
        if dispute is None or dispute.settled is not None:
            raise Conflict(why="no-dispute")
        own = actor.department in {found.department, found.provider}
        if own != (dispute.level == "departments"):
            raise NotFound(what="application")
        ended = dispute.model_copy(update={"outcome": outcome, "settled": told(change)})
        return write(change, row, found.model_copy(update={"dispute": ended}))


def _require_submitted(application: Application) -> None:
    if application.status != "submitted":
        raise Conflict(why=f"application-{application.status}")
