"""One form for all services (一表), prefilled, each value with its source.

Of a field's sources the first in the services' order that has a sound value wins; others that say
something else are shown beside it. What the applicant has entered is kept apart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from catalog.evidence.holding import Answer, Missing, Need
from catalog.evidence.judging import Judge, even, in_order
from catalog.evidence.reason import Reason
from catalog.evidence.rules import Origin, Plan
from catalog.services.service import FormField
from catalog.values import check_value

Ask = Callable[[Need], Answer | None]
"""Answers a need; None if it is not known yet."""


class Value(NamedTuple):
    """A value and where it is from.

    ``department`` is the implementing one by whose grant it was asked: only that one may have it.
    """

    value: str
    department: str
    dataset: str
    item: str
    about: str
    reference: str
    provider: str
    dated: date | None


class Unused(NamedTuple):
    """A source that gave nothing, and why."""

    dataset: str
    item: str
    about: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Filled:
    """A field of the merged form.

    ``key`` is its code, with its type behind it where two services mean different things by one
    code. ``value`` won; ``why`` says by what; ``same`` agree with it, ``others`` say otherwise.
    """

    key: str
    field: FormField
    required: bool
    services: tuple[str, ...]
    value: Value | None
    why: Reason
    same: tuple[Value, ...]
    others: tuple[Value, ...]
    unused: tuple[Unused, ...]
    given: str

    @property
    def conflicting(self) -> bool:
        """Whether sources, or the applicant, say different things."""
        entered = bool(self.given and self.value and even(self.given) != even(self.value.value))
        return bool(self.others) or entered


def merged_form(
    plans: Sequence[Plan], ask: Ask, judge: Judge, parties: frozenset[str]
) -> tuple[Filled, ...]:
    """The fields of all services, each once, in the order of the services and of their forms."""
    fields: dict[tuple[str, str, tuple[str, ...]], list[tuple[Plan, FormField]]] = {}
    shapes: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    for plan in plans:
        for field in plan.service.fields:
            shape = (field.type, tuple(sorted(field.codes or ())))
            fields.setdefault((field.code, *shape), []).append((plan, field))
            shapes.setdefault(field.code, set()).add(shape)
    form = []
    for (code, type_name, _), asked in fields.items():
        key = code if len(shapes[code]) == 1 else f"{code}~{asked[0][0].service.code}~{type_name}"
        form.append(_filled(key, asked, ask, judge, parties))
    return tuple(form)


def _filled(
    key: str,
    asked: Sequence[tuple[Plan, FormField]],
    ask: Ask,
    judge: Judge,
    parties: frozenset[str],
) -> Filled:
    field = asked[0][1]
    values: list[Value] = []
    unused: list[Unused] = []
    seen: set[tuple[int, Origin]] = set()
    for plan, _ in asked:
        for source, need in plan.prefills[field.code]:
            # Equal questions are one object in plans.
            if (id(need), source) in seen:
                continue
            seen.add((id(need), source))
            answer = ask(need) if source.about in parties else Missing("not-present")
            if answer is not None:
                _gather(field, (need, source), answer, judge, values, unused)
    given = judge.given.get(field.code, "")
    value = values[0] if values else None
    others = tuple(one for one in values[1:] if value and even(one.value) != even(value.value))
    same = tuple(one for one in values[1:] if one not in others)
    return Filled(
        key=key,
        field=field,
        required=any(one.required for _, one in asked),
        services=tuple(plan.service.code for plan, _ in asked),
        value=value,
        why=_why(value, others, unused),
        same=same,
        others=others,
        unused=tuple(unused),
        given=given,
    )


def _gather(
    field: FormField,
    asked: tuple[Need, Origin],
    answer: Answer,
    judge: Judge,
    values: list[Value],
    unused: list[Unused],
) -> None:
    need, source = asked
    names = (source.dataset, source.item, source.about)
    if isinstance(answer, Missing) or not answer:
        reason = Reason(answer.reason if isinstance(answer, Missing) else "absent")
        unused.append(Unused(*names, reason))
        return
    for found in in_order(answer):
        reason_not = judge.standing(found)
        raw = found.values.get(source.item)
        if reason_not is None and raw is None:
            reason_not = Reason("item-not-granted", {"item": source.item})
        if reason_not is None and not raw:
            reason_not = Reason("item-empty", {"item": source.item})
        checked = check_value(field.item, raw or "")
        if reason_not is None and not checked.acceptable:
            reason_not = Reason("value-unfit", {"item": source.item})
        if reason_not is not None:
            unused.append(Unused(*names, reason_not))
            continue
        where = (need.department, *names)
        values.append(Value(checked.value, *where, found.reference, found.source, found.dated))


def _why(value: Value | None, others: Sequence[Value], unused: Sequence[Unused]) -> Reason:
    if value is None:
        return Reason("not-prefilled" if unused else "no-source")
    facts: Mapping[str, str] = {"dataset": value.dataset, "item": value.item}
    return Reason("first-of-conflicting" if others else "prefilled", facts)
