"""Step 3: a grant covers the question, for this purpose, now. A decision is a value."""

from dataclasses import dataclass
from typing import NamedTuple

from catalog.identifiers import check_any
from catalog.masks import Mask
from hub.access.grant import Grant
from hub.access.standing import Source, Standing
from hub.delegation.covering import Asks, outside
from hub.delegation.delegation import Delegation
from hub.ledger.attempt import Bounce
from hub.lookup.ask import Question
from hub.lookup.identify import Caller

NOT_GRANTED = "not-granted"
"""The one refusal that everyone without a grant sees, whatever its reason."""


OFFICER_UNKNOWN = "officer-unknown"
OUTSIDE_FILE = "file-outside-grant"
"""The file of a licence shows more than the grant gives."""


class Permit(NamedTuple):
    """The question is allowed: by which grant, over what, with which masks."""

    grant: Grant
    source: Source
    subject: str
    masks: dict[str, Mask]
    delegation: Delegation | None = None
    """The delegation under which it is asked; the grant is then the delegating department's."""


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
    delegation: Delegation | None = None


def refusal_of(bounce: Bounce, grant: Grant | None) -> Refusal:
    """The refusal that a bounce under the lock makes of a permit."""
    return Refusal(told_of(bounce.value), bounce.value, grant)


def told_of(reason: str) -> str:
    """What is told of a bounce's true reason: whose quota it was is not the asker's to know."""
    return Bounce.QUOTA_SPENT.value if reason == Bounce.CAP_SPENT.value else reason


def decide(caller: Caller, question: Question, standing: Standing, now: int) -> Permit | Refusal:
    """Judge a question in full; ``now`` in milliseconds."""
    cover = cover_of(caller, question, standing, now)
    if isinstance(cover, Refusal):
        return cover
    wrong = _of_another_kind(question, cover.source)
    if wrong:
        return Refusal("question-malformed", "view-member", cover.grant, (("where", wrong),))
    return permit_of(cover, question.subject_type, question.subject_id)


def _of_another_kind(question: Question, source: Source) -> str:
    """The member by which a view names what a dataset of this kind does not hold; or empty."""
    if question.licence and source.dataset.source != "licences":
        return "licence"
    return "material" if question.material and source.dataset.source == "licences" else ""


def gives_file(grant: Grant, source: Source, standing: Standing) -> bool:
    """Whether a grant gives the files of licences: all that stands on the paper, unmasked.

    The type says what that is, for a definition of the dataset may have less.
    """
    shown = standing.on_paper(source.dataset.licence_type)
    if shown is None:
        return False
    granted = {code: grant.items[code] for code in shown if grant.items.get(code) == "full"}
    return source.shown(granted).keys() >= shown and shown <= source.dataset.by_code.keys()


def cover_of(caller: Caller, question: Question, standing: Standing, now: int) -> Cover | Refusal:
    """Judge all of a question but its subject; ``now`` in milliseconds."""
    if question.delegation is None:
        return _granted(caller, question, standing, now)
    # The grant is sought as if the delegating department asked; the delegation only narrows it.
    delegation = standing.delegation(question.delegation)
    asks = Asks(
        caller.department, caller.channel, question.dataset, question.purpose, _wanted(question)
    )
    beyond = outside(delegation, asks, now)
    if delegation is None or beyond is not None:
        return Refusal(NOT_GRANTED, beyond or "delegation-unknown")
    if not standing.department(caller.department):
        return Refusal(NOT_GRANTED, "department-suspended")
    lender = caller._replace(department=delegation.department)
    cover = _granted(lender, question, standing, now, officer_of=caller)
    if isinstance(cover, Cover):
        return cover._replace(delegation=delegation)
    # What the other department's grant lacks is not the window's to know.
    return cover if cover.code == OFFICER_UNKNOWN else Refusal(NOT_GRANTED, cover.reason)


def _granted(
    caller: Caller,
    question: Question,
    standing: Standing,
    now: int,
    *,
    officer_of: Caller | None = None,
) -> Cover | Refusal:
    """Judge by the caller's own grants; ``officer_of`` is whose officer asks, if another's."""
    source = standing.source(question.dataset) if question.dataset else None
    held = standing.grants(caller.department, question.dataset)
    standing_grants = [grant for grant in held if grant.stands(now)]
    if source is None or not source.active or not standing_grants:
        return Refusal(NOT_GRANTED, _why_hidden(source, held, standing_grants))
    if not standing.department(caller.department):
        return Refusal(NOT_GRANTED, "department-suspended")
    unknown = _officer(officer_of or caller, question, standing)
    if unknown is not None and officer_of is None:
        return Refusal(OFFICER_UNKNOWN, unknown, standing_grants[0])
    lacking = [_lacking(grant, caller, question, standing, source) for grant in standing_grants]
    for grant, lack in zip(standing_grants, lacking, strict=True):
        if lack is None and unknown is not None:
            return Refusal(OFFICER_UNKNOWN, unknown, grant)
        if lack is None:
            masks = {code: grant.items[code] for code in _wanted(question)}
            return Cover(grant, source, source.shown(masks))
    return next(lack for lack in lacking if lack is not None)


def _wanted(question: Question) -> tuple[str, ...]:
    return question.items or tuple(question.claims)


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
    grant: Grant, caller: Caller, question: Question, standing: Standing, source: Source
) -> Refusal | None:
    """What a standing grant lacks for this question; None if nothing."""
    wanted = _wanted(question)
    checks = (
        (question.operation in grant.operations, "operation-outside-grant"),
        (caller.channel in grant.channels, "channel-outside-grant"),
        (
            question.purpose in grant.purposes and standing.purpose(question.purpose),
            "purpose-outside-grant",
        ),
        (_covers(grant, question, wanted, source), "items-outside-grant"),
        (not question.licence or _gives(grant, source, standing), OUTSIDE_FILE),
        (not grant.case_required or question.case is not None, "case-required"),
    )
    for covered, code in checks:
        if not covered:
            return Refusal(code, code, grant)
    return None


def _gives(grant: Grant, source: Source, standing: Standing) -> bool:
    """Whether nothing of a file is kept from the asker; where there are none, that is no matter."""
    return source.dataset.source != "licences" or gives_file(grant, source, standing)


def _covers(grant: Grant, question: Question, wanted: tuple[str, ...], source: Source) -> bool:
    """Whether the items are granted; to verify, whole: a mask that can be guessed hides nothing.

    A claim about an item that is not there has no answer, neither yes nor no. What a feed asks for
    is the identifier of its subjects, without which no change could be attributed.
    """
    if question.operation in {"verify", "feed"}:
        held = source.dataset.by_code
        return all(grant.items.get(code) == "full" and code in held for code in wanted) and len(
            source.shown({code: grant.items[code] for code in wanted})
        ) == len(wanted)
    return all(code in grant.items for code in wanted)


def permit_of(cover: Cover, subject_type: str, subject_id: str) -> Permit | Refusal:
    """Judge the subject of a covered question."""
    grant, source, masks, delegation = cover
    if subject_type not in source.dataset.subject.kinds:
        return Refusal("identifier-invalid", "subject-type", grant, (("why", "kind"),))
    checked = check_any((subject_type,), subject_id)
    if checked.verdict == "invalid":
        return Refusal("identifier-invalid", "subject", grant, (("why", checked.reason),))
    return Permit(grant, source, checked.value, masks, delegation)
