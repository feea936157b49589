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


class Cover(NamedTuple):
    """A grant covers a question, whoever its subject is: with which masks, over which source."""

    grant: Grant
    source: Source
    masks: dict[str, Mask]


def decide(caller: Caller, question: Question, standing: Standing, now: int) -> Permit | Refusal:
    """Judge a question in full; ``now`` in milliseconds."""
    cover = cover_of(caller, question, standing, now)
    if isinstance(cover, Refusal):
        return cover
    return permit_of(cover, question.subject_type, question.subject_id)


def cover_of(caller: Caller, question: Question, standing: Standing, now: int) -> Cover | Refusal:
    """Judge all of a question but its subject; ``now`` in milliseconds."""
    source = standing.source(question.dataset) if question.dataset else None
    held = standing.grants(caller.department, question.dataset)
    standing_grants = [grant for grant in held if grant.stands(now)]
    if source is None or not source.active or not standing_grants:
        return Refusal(NOT_GRANTED, _why_hidden(source, held, standing_grants))
    if not standing.department(caller.department):
        return Refusal(NOT_GRANTED, "department-suspended")
    unknown = _officer(caller, question, standing)
    if unknown is not None:
        return Refusal("officer-unknown", unknown, standing_grants[0])
    lacking = [_lacking(grant, caller, question, standing) for grant in standing_grants]
    for grant, lack in zip(standing_grants, lacking, strict=True):
        if lack is None:
            wanted = question.items or tuple(question.claims)
            return Cover(grant, source, {code: grant.items[code] for code in wanted})
    return next(lack for lack in lacking if lack is not None)


def _why_hidden(
    source: Source | None, held: tuple[Grant, ...], standing_grants: list[Grant]
) -> str:
    """Why there is nothing to ask for here: dataset or grants, and what of them."""
    if source is None:
        return "dataset-unknown"
    if standing_grants:
        return "dataset-suspended"
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
        (_covers(grant, question, wanted), "items-outside-grant"),
        (not grant.case_required or question.case is not None, "case-required"),
    )
    for covered, code in checks:
        if not covered:
            return Refusal(code, code, grant)
    return None


def _covers(grant: Grant, question: Question, wanted: tuple[str, ...]) -> bool:
    """Whether the items are granted; to verify, whole: a mask that can be guessed hides nothing."""
    if question.operation == "verify":
        return all(grant.items.get(code) == "full" for code in wanted)
    return all(code in grant.items for code in wanted)


def permit_of(cover: Cover, subject_type: str, subject_id: str) -> Permit | Refusal:
    """Judge the subject of a covered question."""
    grant, source, masks = cover
    if subject_type not in source.dataset.subject.kinds:
        return Refusal("identifier-invalid", "subject-type", grant, (("why", "kind"),))
    checked = check_any((subject_type,), subject_id)
    if checked.verdict == "invalid":
        return Refusal("identifier-invalid", "subject", grant, (("why", checked.reason),))
    return Permit(grant, source, checked.value, masks)
