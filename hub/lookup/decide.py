"""Step 3: a grant covers the question, for this purpose, now. A decision is a value."""

from dataclasses import dataclass
from typing import NamedTuple

from catalog.identifiers import check_any
from catalog.masks import Mask
from hub.access.grant import Grant
from hub.access.standing import Source, Standing
from hub.lookup.ask import Question
from hub.lookup.identify import Caller

NOT_GRANTED = "not-granted"
"""The one refusal that everyone without a grant sees, whatever its reason."""


class Permit(NamedTuple):
    """The question is allowed: by which grant, over what, with which masks."""

    grant: Grant
    source: Source
    subject: str
    masks: dict[str, Mask]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The question is not allowed. ``code`` is told, ``reason`` stays in the *internal* part.

    ``grant`` is null unless the asker holds one over the dataset.
    """

    code: str
    reason: str
    grant: Grant | None = None
    facts: tuple[tuple[str, str | int], ...] = ()


def decide(caller: Caller, question: Question, standing: Standing, now: int) -> Permit | Refusal:
    """Judge a question in full; ``now`` in milliseconds."""
    source = standing.source(question.dataset) if question.dataset else None
    if source is None:
        return Refusal(NOT_GRANTED, "dataset-unknown")
    held = standing.grants(caller.department, question.dataset)
    standing_grants = [grant for grant in held if grant.stands(now)]
    if not standing_grants:
        return Refusal(NOT_GRANTED, _why_none(held))
    if not source.active:
        return Refusal(NOT_GRANTED, "dataset-suspended")
    unknown = _officer(caller, question, standing)
    if unknown is not None:
        return Refusal("officer-unknown", unknown, standing_grants[0])
    lacking = [_lacking(grant, caller, question, standing) for grant in standing_grants]
    for grant, lack in zip(standing_grants, lacking, strict=True):
        if lack is None:
            return _permit(grant, source, question)
    return next(lack for lack in lacking if lack is not None)


def _why_none(held: tuple[Grant, ...]) -> str:
    """Why no grant stands: the newest one's status, or its time."""
    if not held:
        return "grant-absent"
    return "grant-out-of-time" if held[0].status == "active" else f"grant-{held[0].status}"


def _officer(caller: Caller, question: Question, standing: Standing) -> str | None:
    """What the named officer lacks; None for an active officer of the caller's department."""
    officer = standing.worker(question.officer)
    if officer is None or not officer.active:
        return "officer-unknown"
    if officer.department != caller.department:
        return "officer-of-another-department"
    return None if "officer" in officer.roles else "officer-without-role"


def _lacking(
    grant: Grant, caller: Caller, question: Question, standing: Standing
) -> Refusal | None:
    """What a standing grant lacks for this question; None if nothing."""
    wanted = question.items or tuple(question.claims)
    checks = (
        (question.operation in grant.operations, "operation-outside-grant"),
        (caller.channel in grant.channels, "channel-outside-grant"),
        (
            question.purpose in grant.purposes and standing.purpose(question.purpose),
            "purpose-outside-grant",
        ),
        (all(code in grant.items for code in wanted), "items-outside-grant"),
        (not grant.case_required or question.case is not None, "case-required"),
    )
    for covered, code in checks:
        if not covered:
            return Refusal(code, code, grant)
    return None


def _permit(grant: Grant, source: Source, question: Question) -> Permit | Refusal:
    kinds = source.dataset.subject.kinds
    if question.subject_type not in kinds:
        return Refusal("identifier-invalid", "subject-type", grant, (("why", "kind"),))
    checked = check_any((question.subject_type,), question.subject_id)
    if checked.verdict == "invalid":
        return Refusal("identifier-invalid", "subject", grant, (("why", checked.reason),))
    wanted = question.items or tuple(question.claims)
    return Permit(grant, source, checked.value, {code: grant.items[code] for code in wanted})
