"""From what a case needs to questions, and from results back to findings. Pure.

Asked is only what a grant shows unmasked: a masked value is no value. What tells whether a paper
holds (its status) must be granted too, or it is evidence of nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from catalog.definition import Dataset
from catalog.evidence.holding import Absence, Answer, Found, Missing, Need, Standing
from catalog.licences.status import Status
from catalog.masks import Mask
from catalog.material import NUMBER, USABLE
from certs.canonical import Json
from certs.encoding import from_rfc3339
from hub.access.standing import Standing as Stands
from hub.cases.asked import Asked
from hub.cases.shelf import InForce
from hub.clock import SHANGHAI
from hub.delegation.covering import Footing
from hub.lookup.ask import Question, question_of
from hub.lookup.identify import Caller

WHOLE: Mask = "full"
"""The mask that masks nothing."""
MATERIAL = "material_"
"""What the code of a dataset of materials begins with; the type of paper follows."""
_OF_MATERIAL = ("received_by", "received_on", "sighted_on", "valid_from", "valid_until")
_OF_LICENCE = ("issuer_uscc", "issued_on", "valid_from", "valid_until")
_STATUS = "status"
_FIRST_DAY = "valid_from"
_LICENCE: Mapping[str, Standing] = {
    Status.IN_FORCE: "sound",
    Status.SUSPENDED: "suspended",
    Status.WITHDRAWN: "withdrawn",
    Status.CANCELLED: "cancelled",
    Status.EXPIRED: "expired",
    Status.TRANSFERRED: "transferred",
    Status.REVOKED: "revoked",
}
_TOLD: Mapping[str, Absence] = {
    "busy": "unavailable",
    "quota-spent": "quota-spent",
    "identifier-invalid": "absent",
    "verify-throttled": "unavailable",
}
"""What refusals come to; all others are ``not-granted``."""


class Put(NamedTuple):
    """A need as it is put, in the implementing department's name."""

    need: Need
    question: Question
    dataset: Dataset
    provider: str


class Asker(NamedTuple):
    """Who asks, on whose footing, and when (milliseconds)."""

    caller: Caller
    footing: Footing
    standing: Stands
    now: int


def put(need: Need, asked: Asked, in_force: InForce, asker: Asker) -> Put | Missing:
    """The question of a need, or why none need be put."""
    standing, footing = asker.standing, asker.footing
    code = _dataset_of(need, in_force)
    source = standing.source(code) if code else None
    if source is None:
        return Missing("absent")
    if need.kind == "own" and source.department != need.department:
        return Missing("not-own")
    party = asked.parties.get(need.about)
    if party is None:
        return Missing("no-identifier")
    if party.type not in source.dataset.subject.kinds:
        return Missing("absent")
    members: dict[str, Json] = {
        "case": asked.case,
        "officer": asked.officer,
        "purpose": asked.purpose,
        "request_id": "A" * 22,
        "subject": {"id": party.id, "type": party.type},
    }
    if footing.named is not None:
        members["delegation"] = footing.named
    if need.claims:
        claims: dict[str, Json] = {item: asked.given[field] for item, field in need.claims}
        question = question_of({**members, "claims": claims}, "verify", code)
    else:
        wanted = items_of_use(need, source.dataset)
        shown = _shown(wanted, code, asked.purpose, asker)
        if shown is not None and not _enough(need, shown):
            return Missing("not-granted")
        # Without any grant it is asked all the same: the refusal stands in the log.
        items: list[Json] = [*(wanted if shown is None else shown)]
        question = question_of({**members, "items": items}, "lookup", code)
    return Put(need, question, source.dataset, source.department)


def found(
    put_: Put, result: Mapping[str, Json], position: int, masks: Mapping[str, Mask]
) -> Answer:
    """What a result comes to; ``position`` is that of its entry, ``masks`` how it was shown."""
    problem = result.get("problem")
    if isinstance(problem, str):
        return Missing(_TOLD.get(problem, "not-granted"))
    as_of = _day_of(result.get("as_of"))
    if put_.question.operation == "verify":
        return (
            Found(
                reference=str(position),
                source=put_.provider,
                dated=as_of,
                agrees=result.get("match") is True,
                standing="disputed" if result.get("disputed") is True else "sound",
            ),
        )
    records = result.get("records")
    listed = [one for one in records if isinstance(one, dict)] if isinstance(records, list) else []
    whole = tuple(code for code in put_.question.items if masks.get(code) == WHOLE)
    return tuple(_each(put_, listed, position, as_of, whole))


def _each(
    put_: Put,
    records: Sequence[Mapping[str, Json]],
    position: int,
    as_of: date | None,
    whole: tuple[str, ...],
) -> Iterator[Found]:
    for number, record in enumerate(records):
        shown = record.get("items")
        values = dict.fromkeys(whole, "")
        if isinstance(shown, dict):
            values |= {code: str(value) for code, value in shown.items() if code in values}
        one = Found(
            reference=f"{position}/{number}" if len(records) > 1 else str(position),
            source=put_.provider,
            dated=as_of,
            values=values,
            standing="disputed" if record.get("disputed") is True else "sound",
        )
        if put_.need.kind == "material":
            one = _material(one)
        elif put_.need.kind == "licence":
            one = _licence(one)
        yield one


def _material(one: Found) -> Found:
    values = one.values
    standing: Standing = one.standing
    if standing == "sound" and values.get(_STATUS) != USABLE:
        standing = "expired"
    sighted = values.get("sighted_on", "")
    return Found(
        reference=values.get(NUMBER) or one.reference,
        source=values.get("received_by") or one.source,
        dated=_date(sighted) or _date(values.get("received_on", "")),
        valid_from=_date(values.get("valid_from", "")),
        valid_until=_date(values.get("valid_until", "")),
        values=values,
        standing=standing,
        sighted=bool(sighted),
    )


def _licence(one: Found) -> Found:
    values = one.values
    standing: Standing = one.standing
    if standing == "sound":
        standing = _LICENCE.get(values.get(_STATUS, ""), "other")
    return Found(
        reference=one.reference,
        source=one.source,
        dated=one.dated,
        valid_from=_date(values.get("valid_from", "")),
        valid_until=_date(values.get("valid_until", "")),
        values=values,
        standing=standing,
    )


def _dataset_of(need: Need, in_force: InForce) -> str:
    """The dataset that answers a need; empty if there is none."""
    if need.kind == "licence":
        return in_force.licences.get(need.source, "")
    if need.kind == "material":
        return material_dataset(need.source)
    return need.source


def material_dataset(type_code: str) -> str:
    """The dataset of a type of paper."""
    return type_code if type_code.startswith(MATERIAL) else f"{MATERIAL}{type_code}"


def items_of_use(need: Need, dataset: Dataset) -> tuple[str, ...]:
    """All that is of use for a need, in the order of the dataset's items."""
    codes = set(need.items)
    if need.kind == "material":
        codes |= {NUMBER, _STATUS, *_OF_MATERIAL}
    elif need.kind == "licence":
        codes |= {_STATUS, *_OF_LICENCE}
    return tuple(item.code for item in dataset.items if item.code in codes)


def _enough(need: Need, shown: Sequence[str]) -> bool:
    """Whether what is shown can be evidence: of a paper its status must be, and which it is.

    Its first day too: no status tells that a paper is not valid yet.
    """
    if need.kind == "material":
        return {NUMBER, _STATUS, _FIRST_DAY} <= set(shown)
    return bool(shown) and (need.kind != "licence" or {_STATUS, _FIRST_DAY} <= set(shown))


def _shown(wanted: Sequence[str], code: str, purpose: str, asker: Asker) -> tuple[str, ...] | None:
    """What one standing grant shows whole of what is wanted: that of the one that shows most.

    None if there is no grant for it at all.
    """
    best: tuple[str, ...] | None = None
    delegation = asker.footing.delegation
    lent = frozenset(delegation.items if delegation is not None else ())
    for grant in asker.standing.grants(asker.footing.department, code):
        covers = "lookup" in grant.operations and asker.caller.channel in grant.channels
        if grant.stands(asker.now) and covers and purpose in grant.purposes:
            whole = (item for item in wanted if grant.items.get(item) == WHOLE)
            shown = tuple(item for item in whole if not lent or item in lent)
            if best is None or len(shown) > len(best):
                best = shown
    return best


def _day_of(value: Json) -> date | None:
    if not isinstance(value, str):
        return None
    moment = datetime.fromtimestamp(from_rfc3339(value) / 1000, UTC)
    return moment.astimezone(SHANGHAI).date()


def _date(value: str) -> date | None:
    return date.fromisoformat(value) if value else None
