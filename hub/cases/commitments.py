"""Commitments 容缺后补, 告知承诺: taken, and later fulfilled, checked, or broken.

What is promised, until when and with what liability stands in the rule, whose version the entry
names. A broken promise keeps its applicant from promising again, wherever, for a time.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

from certs.encoding import rfc3339
from hub.cases.acting import require_officer
from hub.cases.acts import acted, standing
from hub.cases.desk import Desk, Handler
from hub.cases.kept import find, require_version
from hub.cases.opening import Opened
from hub.cases.state import CommitmentIn, MaterialIn
from hub.clock import SHANGHAI
from hub.errors import Conflict, NotFound

Outcome = Literal["fulfilled", "checked", "failed"]
_FITS = {"later": ("fulfilled", "failed"), "promise": ("checked", "failed")}


def commit(
    desk: Desk, handler: Handler, case: str, version: int, promised: Sequence[tuple[str, str]]
) -> Opened:
    """Take commitments for materials (service, code) that may follow.

    Raises ``NotFound``, ``Forbidden``, and ``Conflict`` where none may be given.
    """
    require_officer(handler.caller, handler.officer, desk.book.refresh())
    with desk.changes.change(handler.actor, moves_epoch=False) as change:
        kept = standing(desk, change, handler, case, version)
        if not desk.may_commit(kept.row.applicant, change.time):
            raise Conflict(why="applicant-barred")
        taken = list(kept.state.commitments)
        for name in promised:
            wanted = kept.state.by_name.get(name)
            if wanted is None:
                raise NotFound(what="required-material")
            if any((one.service, one.material) == name for one in taken):
                raise Conflict(why="committed")
            taken.append(_commitment(wanted, len(taken) + 1, change.time))
        return acted(change, kept, "commit", {"commitments": tuple(taken)})


def settle(
    desk: Desk, handler: Handler, case: str, version: int, number: int, outcome: Outcome
) -> Opened:
    """Say what became of a commitment, also after the case was concluded.

    What was to follow is ``fulfilled`` only by what is on file or was brought. Raises ``NotFound``,
    ``Forbidden`` or ``Conflict``.
    """
    require_officer(handler.caller, handler.officer, desk.book.refresh())
    with desk.changes.change(handler.actor, moves_epoch=False) as change:
        kept = find(change.session, desk.master, case, handler.caller.department)
        require_version(kept, version)
        found = next((one for one in kept.state.commitments if one.number == number), None)
        if found is None:
            raise NotFound(what="commitment")
        if found.status != "open":
            raise Conflict(why=f"commitment-{found.status}")
        if outcome not in _FITS[found.kind]:
            raise Conflict(why=f"commitment-{found.kind}")
        material = kept.state.by_name.get((found.service, found.material))  # the list may move on
        come = material is not None and (material.satisfied or material.brought is not None)
        if outcome == "fulfilled" and not come:
            raise Conflict(why="material-missing")
        settled = found.model_copy(update={"status": outcome, "settled": rfc3339(change.time)})
        commitments = tuple(
            settled if one.number == number else one for one in kept.state.commitments
        )
        return acted(change, kept, "settle", {"commitments": commitments})


def _commitment(wanted: MaterialIn, number: int, now: int) -> CommitmentIn:
    if wanted.status != "may_follow" or wanted.until is None or wanted.brought is not None:
        raise Conflict(why="may-not-follow")
    due = _end_of(date.fromisoformat(wanted.until))
    if due <= now:  # it was decided too long ago
        raise Conflict(why="may-not-follow")
    return CommitmentIn(
        number=number,
        service=wanted.service,
        material=wanted.material,
        kind="later" if wanted.kind == "later" else "promise",
        due=rfc3339(due),
        status="open",
        settled=None,
    )


def _end_of(day: date) -> int:
    """The first moment after a day of Asia/Shanghai, in milliseconds."""
    following = datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
    return round(following.timestamp() * 1000)
