"""The head's approval and the authority's acts: review, return once, publish, consent to time.

The head of the provider approves what somebody else has drafted; the authority reviews and
publishes within two working days (政务数据共享条例, Arts 13, 17).
"""

from collections.abc import Sequence

from catalog.definition import load
from catalog.working_days import WorkingDays
from certs.encoding import from_rfc3339, rfc3339
from hub.access.document import Gap
from hub.calendar.statutory import CATALOGUE_REVIEW, due
from hub.catalogue.drafting import passed
from hub.catalogue.entry import THEIRS, Approval, Edition, EntryState
from hub.catalogue.errors import EntryIncomplete
from hub.catalogue.gaps import gaps_in
from hub.catalogue.opening import open_dataset, stand
from hub.catalogue.register import current, kept, told, write
from hub.errors import Conflict, Forbidden, Unprocessable
from hub.ledger.change import Actor, Change, Changes


def approve(
    changes: Changes, actor: Actor, code: str, version: int, reference: str, calendar: WorkingDays
) -> EntryState:
    """The provider's head approves: the authority has it, and its two working days begin.

    Raises ``NotFound``, ``Conflict``, ``Forbidden`` to whoever drafted it, ``EntryIncomplete`` with
    all that is missing.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=True)
        edition = _at(found, {"draft", "assessed"})
        if actor.account == row.drafted_by:
            raise Forbidden(what="own-draft")
        _require_whole(change, found, edition)
        if edition.stage != "assessed":
            raise Conflict(why=f"entry-{edition.stage}")
        ends = due(calendar, change.time, CATALOGUE_REVIEW.days)
        update = {
            "stage": "approved",
            "approval": Approval(reference=reference, signed=told(change)),
            "review_due": rfc3339(ends),
        }
        return write(change, row, _moved(found, edition.model_copy(update=update)))


def give_back(
    changes: Changes, actor: Actor, code: str, version: int, reasons: Sequence[Gap]
) -> EntryState:
    """Return an edition with every reason; once, so that nobody is sent to and fro.

    The provider's own period, if one runs, runs on. Raises ``NotFound``, ``Conflict`` if it was
    returned before, ``Unprocessable`` without a reason.
    """
    if not reasons:
        raise Unprocessable(why="gaps")
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=False)
        edition = _at(found, THEIRS)
        if edition.returned:
            raise Conflict(why="returned-before")
        update = {
            "stage": "draft",
            "returned": tuple(reasons),
            "approval": None,
            "review_due": None,
            "reviewed": None,
        }
        return write(change, row, _moved(found, edition.model_copy(update=update)))


def review(changes: Changes, actor: Actor, code: str, version: int) -> EntryState:
    """The authority has reviewed it and finds nothing; raises ``NotFound`` or ``Conflict``."""
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=False)
        edition = _at(found, {"approved"})
        update = {"stage": "reviewed", "reviewed": told(change)}
        return write(change, row, _moved(found, edition.model_copy(update=update)))


def publish(changes: Changes, actor: Actor, code: str, version: int) -> EntryState:
    """The authority publishes: from now on it is found, and can be applied for.

    Raises ``NotFound``, ``Conflict``, ``EntryIncomplete`` with what stands against it now.
    """
    with changes.change(actor) as change:
        row, found = current(change, actor, code, version, own=False)
        edition = _at(found, {"reviewed"})
        if found.editions and found.status != "published":
            raise Conflict(why=f"entry-{found.status}")
        _require_whole(change, found, edition)
        _require_on_record(edition)
        open_dataset(change, code, found.provider, kept(change, edition.definition))
        update = {"stage": "published", "published": told(change)}
        opened = found.model_copy(
            update={
                "status": "published",
                "editions": (*found.editions, edition.model_copy(update=update)),
                "next": None,
                "update": None,
            }
        )
        stand(change, opened)
        return write(change, row, opened)


def consent_to_time(
    changes: Changes, actor: Actor, code: str, version: int, calendar: WorkingDays
) -> EntryState:
    """The authority consents to the extension that was asked for (Art 17).

    The new period is reckoned from the end of the old one. Raises ``NotFound`` or ``Conflict``.
    """
    with changes.change(actor, moves_epoch=False) as change:
        row, found = current(change, actor, code, version, own=False)
        update = found.update
        extension = None if update is None else update.extension
        if update is None or extension is None or extension.consented is not None:
            raise Conflict(why="no-extension")
        ends = due(calendar, from_rfc3339(update.due) - 1, extension.days)
        following = update.model_copy(
            update={
                "due": rfc3339(ends),
                "extension": extension.model_copy(update={"consented": told(change)}),
            }
        )
        return write(change, row, found.model_copy(update={"update": following}))


def _require_whole(change: Change, entry: EntryState, edition: Edition) -> None:
    lacking = gaps_in(change, edition, load(kept(change, edition.definition), entry.code))
    if lacking:
        raise EntryIncomplete(lacking)


def _require_on_record(edition: Edition) -> None:
    """Raise ``Conflict`` unless both assessments and the approval are on record (Art 13)."""
    if not passed(edition.assessments) or edition.approval is None or edition.reviewed is None:
        raise Conflict(why="not-on-record")


def _at(entry: EntryState, stages: set[str] | frozenset[str]) -> Edition:
    """The edition on its way; raises ``Conflict`` unless it stands at one of the stages."""
    if entry.next is None or entry.next.stage not in stages:
        stage = entry.status if entry.next is None else entry.next.stage
        raise Conflict(why=f"entry-{stage}")
    return entry.next


def _moved(entry: EntryState, edition: Edition) -> EntryState:
    return entry.model_copy(
        update={"next": edition, "status": entry.status if entry.editions else edition.stage}
    )
