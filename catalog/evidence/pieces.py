"""Making the parts of a decision: what became of one material, and one paper of several."""

from collections.abc import Mapping, Sequence

from catalog.evidence.decision import STATUSES, Evidence, Follow, Piece, Status, Tried, Wanted
from catalog.evidence.holding import Found, Need
from catalog.evidence.reason import Reason
from catalog.evidence.rules import Planned, Step

_STATUS: Mapping[str, Status] = {
    "lookup": "confirmed",
    "verify": "confirmed",
    "own": "confirmed",
    "licence": "on_file",
    "material": "on_file",
}
_WEIGHT = {status: weight for weight, status in enumerate(STATUSES)}


def piece_of(
    planned: Planned,
    status: Status,
    why: Reason,
    tried: Sequence[Tried] = (),
    way: int = 0,
    *,
    evidence: Evidence | None = None,
    follow: Follow | None = None,
) -> Piece:
    """What became of a material; ``way`` 0 stands for none."""
    rule = planned.rule
    return Piece(
        service=planned.service,
        material=planned.material,
        status=status,
        why=why,
        rule=rule.code if rule else "",
        rule_version=rule.version if rule else 0,
        way=way,
        tried=tuple(tried),
        evidence=evidence,
        follow=follow,
    )


def satisfied(
    planned: Planned, step: Step, need: Need, found: Found, tried: Sequence[Tried]
) -> Piece:
    """A material that a finding satisfies."""
    kind, asked_for = need.kind, planned.material.type
    other = kind == "material" and need.source != asked_for
    evidence = Evidence(
        kind=kind,
        source=need.source,
        about=need.about,
        reference=found.reference,
        provider=found.source,
        dated=found.dated,
        valid_until=found.valid_until,
        stands_for=asked_for if other else "",
    )
    why = Reason("by-equivalent" if other else f"by-{kind}")
    return piece_of(planned, _STATUS[kind], why, tried, step.number, evidence=evidence)


def merged(pieces: Sequence[Piece]) -> Wanted:
    """One paper of the list: the strictest of what is asked, the status that weighs most."""
    first = pieces[0]
    asked = [piece for piece in pieces if piece.status != "not_needed"] or list(pieces)
    kinds = {piece.material.kind for piece in asked}
    # Original before copy before either, which is how they are numbered.
    kind = min(kinds)
    # 1 必要 is stricter than 3 容缺后补, which is stricter than 2 非必要.
    necessity = min((piece.material.necessity for piece in asked), key=(1, 3, 2).index)
    until = min((piece.follow.due for piece in asked if piece.follow), default=None)
    status = min((piece.status for piece in asked), key=_WEIGHT.__getitem__)
    return Wanted(
        type=first.material.type,
        of=first.material.of,
        kind=kind,
        necessity=necessity,
        copies=max(piece.material.copies for piece in asked),
        status=status,
        until=until if status == "may_follow" else None,
        pieces=tuple(pieces),
    )
