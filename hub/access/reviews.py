"""Reviews 复核: the authority looks at a grant again, and keeps it, narrows it or ends it."""

from typing import Literal, TypeAlias

from certs.encoding import from_rfc3339
from hub.access.grant import Grant, Terms
from hub.access.grants import current_in, require_free, status_in, terms_in
from hub.errors import Conflict, Unprocessable
from hub.ledger.change import Actor, Changes

Outcome: TypeAlias = Literal["kept", "narrowed", "ended"]


def review(
    changes: Changes,
    actor: Actor,
    grant_id: str,
    version: int,
    *,
    outcome: Outcome,
    review_by: str | None,
    terms: Terms | None = None,
) -> Grant:
    """Write down that a grant was reviewed, with what came of it and when it is looked at next.

    ``review_by`` None: as the settings have it, from now on. ``terms`` belong to ``narrowed`` and
    must widen nothing. Raises ``NotFound``, ``Conflict``, or ``Unprocessable``.
    """
    with changes.change(actor) as change:
        current = current_in(change.session, grant_id)
        if current.version != version:
            raise Conflict(why="version")
        require_free(change.session, current)
        if (outcome == "narrowed") != (terms is not None):
            raise Unprocessable(why="review-terms")
        if outcome == "ended":
            return status_in(change, current, "revoked")
        if review_by is not None and from_rfc3339(review_by) <= change.time:
            raise Unprocessable(why="review-by")
        wanted = current.terms() if terms is None else terms
        if wider := widened(current.terms(), wanted):
            raise Unprocessable(why="review-wider", member=wider)
        dated = Terms.model_validate({**wanted.model_dump(), "review_by": review_by})
        return terms_in(change, current, dated, reviewed=change.time)


def widened(before: Terms, after: Terms) -> str | None:
    """The first member in which ``after`` allows more than ``before``; None if it nowhere does.

    A mask other than the one before is not comparable with it, so only ``full`` may be masked.
    """
    masks = before.items
    checks = (
        ("department", before.department == after.department),
        ("dataset", before.dataset == after.dataset),
        (
            "items",
            all(
                code in masks and (mask == masks[code] or masks[code] == "full")
                for code, mask in after.items.items()
            ),
        ),
        ("operations", after.operations <= before.operations),
        ("channels", after.channels <= before.channels),
        ("purposes", after.purposes <= before.purposes),
        ("valid_from", after.valid_from >= before.valid_from),
        ("valid_until", after.valid_until <= before.valid_until),
        ("daily_quota", _quota(after) <= _quota(before)),
        ("case_required", after.case_required or not before.case_required),
        ("existence", before.existence or not after.existence),
    )
    return next((name for name, narrow in checks if not narrow), None)


def _quota(terms: Terms) -> int:
    return 2**53 if terms.daily_quota is None else terms.daily_quota
