"""What a person may do to an entry as it stands: what pages offer.

This only chooses what is shown. The acts themselves check everything anew, under the lock.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from certs.encoding import from_rfc3339
from hub.catalogue.entry import OPENED, OURS, THEIRS, EntryState
from hub.people.permissions import Permission, may
from hub.people.sessions import Person

Act: TypeAlias = Literal[
    "draft",
    "assessments",
    "change",
    "extension",
    "discard",
    "approve",
    "return",
    "review",
    "publish",
    "consent",
    "suspend",
    "resume",
    "withdraw",
]

NEEDS: dict[Act, Permission] = {
    "draft": Permission.DRAFT_ENTRIES,
    "assessments": Permission.DRAFT_ENTRIES,
    "change": Permission.DRAFT_ENTRIES,
    "extension": Permission.DRAFT_ENTRIES,
    "discard": Permission.DRAFT_ENTRIES,
    "approve": Permission.APPROVE_ENTRIES,
    "return": Permission.REVIEW_ENTRIES,
    "review": Permission.REVIEW_ENTRIES,
    "publish": Permission.REVIEW_ENTRIES,
    "consent": Permission.CONSENT_TO_TIME,
    "suspend": Permission.REVIEW_ENTRIES,
    "resume": Permission.REVIEW_ENTRIES,
    "withdraw": Permission.REVIEW_ENTRIES,
}
"""The permission for each act; the provider's side comes beside it."""


def acts(person: Person, entry: EntryState, now: int) -> frozenset[Act]:
    """The acts that are open to a person; ``approve`` even while something is still missing."""
    possible: set[Act] = set(_authoritys(entry))
    if person.department == entry.provider:
        possible |= set(_providers(entry, now))
    return frozenset(act for act in possible if may(person, NEEDS[act]))


def _providers(entry: EntryState, now: int) -> Iterator[Act]:
    edition, update = entry.next, entry.update
    if (edition is None and entry.status in OPENED) or (edition and edition.stage in OURS):
        yield "draft"
    if edition is not None and edition.stage in OURS:
        yield "assessments"
        yield "discard"
    if edition is not None and edition.stage == "assessed":
        yield "approve"
    if update is None and entry.status in OPENED:
        yield "change"
    if update is not None and update.extension is None and now < from_rfc3339(update.due):
        yield "extension"


def _authoritys(entry: EntryState) -> Iterator[Act]:
    edition, update = entry.next, entry.update
    if edition is not None and edition.stage in THEIRS:
        if not edition.returned:
            yield "return"
        if edition.stage == "approved":
            yield "review"
        elif not entry.editions or entry.status == "published":
            yield "publish"
    asked = None if update is None else update.extension
    if asked is not None and asked.consented is None:
        yield "consent"
    if entry.editions and entry.status in OPENED:
        yield "suspend" if entry.status == "published" else "resume"
        yield "withdraw"
