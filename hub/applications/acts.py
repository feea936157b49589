"""What a person may do to an application as it stands: what pages offer.

This only chooses what is shown. The acts themselves check everything anew, under the lock.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from certs.encoding import from_rfc3339
from hub.applications.application import ANSWERED, OPEN, Application
from hub.people.permissions import Permission, may
from hub.people.sessions import Person

Act: TypeAlias = Literal[
    "edit",
    "sign",
    "withdraw",
    "dispute",
    "return",
    "reply",
    "sign-reply",
    "extension",
    "consent",
    "delivery",
    "settlement",
]

NEEDS: dict[Act, Permission] = {
    "edit": Permission.APPLY,
    "sign": Permission.SIGN_APPLICATIONS,
    "withdraw": Permission.APPLY,
    "dispute": Permission.APPLY,
    "return": Permission.REPLY,
    "reply": Permission.REPLY,
    "sign-reply": Permission.SIGN_REPLIES,
    "extension": Permission.REPLY,
    "consent": Permission.CONSENT_TO_TIME,
    "delivery": Permission.REPLY,
    "settlement": Permission.SETTLE_DISPUTES,
}
"""The permission for each act; its side comes beside it."""


def acts(person: Person, application: Application, now: int) -> frozenset[Act]:
    """The acts that are open to a person; ``sign`` even while something is still missing."""
    possible: set[Act] = set()
    if person.department == application.department:
        possible |= set(_applicants(application))
    if person.department == application.provider:
        possible |= set(_providers(application, now))
    possible |= set(_others(person, application))
    return frozenset(act for act in possible if may(person, NEEDS[act]))


def _applicants(application: Application) -> Iterator[Act]:
    if application.status in {"draft", "returned"}:
        yield "edit"
        yield "sign"
    if application.status in OPEN:
        yield "withdraw"
    dispute = application.dispute
    again = dispute is None or (dispute.settled is not None and dispute.level != "government")
    if application.status in ANSWERED - {"granted"} and again:
        yield "dispute"


def _providers(application: Application, now: int) -> Iterator[Act]:
    if application.status == "submitted":
        yield "reply"
        if application.reply is not None:
            yield "sign-reply"
        if not application.returned:
            yield "return"
        runs = application.due is not None and now < from_rfc3339(application.due)
        if application.extension is None and runs:
            yield "extension"
    if application.grant is not None and application.delivered is None:
        yield "delivery"


def _others(person: Person, application: Application) -> Iterator[Act]:
    extension, dispute = application.extension, application.dispute
    asked = extension is not None and extension.consented is None
    if application.status == "submitted" and asked:
        yield "consent"
    if dispute is not None and dispute.settled is None:
        own = person.department in {application.department, application.provider}
        if own == (dispute.level == "departments"):
            yield "settlement"
