"""What waits for whom in a catalogue entry; the head of the department is warned (Art 17)."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from catalog.working_days import WorkingDays
from hub.catalogue.entry import THEIRS, EntryState
from hub.catalogue.register import standing
from hub.people.duty import Duty
from hub.people.permissions import Permission

What: TypeAlias = Literal[
    "update-entry",
    "assess-entry",
    "approve-entry",
    "review-entry",
    "publish-entry",
    "consent-to-entry-time",
]

WHOSE: dict[What, Permission] = {
    "update-entry": Permission.DRAFT_ENTRIES,
    "assess-entry": Permission.DRAFT_ENTRIES,
    "approve-entry": Permission.APPROVE_ENTRIES,
    "review-entry": Permission.REVIEW_ENTRIES,
    "publish-entry": Permission.REVIEW_ENTRIES,
    "consent-to-entry-time": Permission.CONSENT_TO_TIME,
}
"""By whom each act is done."""


def duties(entry: EntryState, calendar: WorkingDays, now: int) -> Iterator[Duty]:
    """What waits in one entry."""
    urgency = standing(entry, calendar, now)
    for what, department in _waiting(entry):
        yield Duty(
            about="catalogue",
            id=entry.code,
            what=what,
            department=department,
            needs=WHOSE[what],
            warns=Permission.APPROVE_ENTRIES if department is not None else None,
            due=entry.due,
            urgency=urgency,
            of=entry.provider,
            dataset=entry.code,
        )


def _waiting(entry: EntryState) -> Iterator[tuple[What, str | None]]:
    edition, update = entry.next, entry.update
    if edition is None:
        if update is not None:
            yield "update-entry", entry.provider
    elif edition.stage == "draft":
        yield "assess-entry", entry.provider
    elif edition.stage == "assessed":
        yield "approve-entry", entry.provider
    elif edition.stage in THEIRS:
        yield "review-entry" if edition.stage == "approved" else "publish-entry", None
    asked = None if update is None else update.extension
    if asked is not None and asked.consented is None:
        yield "consent-to-entry-time", None
