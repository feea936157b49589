"""Whether what was found satisfies a way: the reason why not, or None."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from catalog.evidence.holding import Found
from catalog.evidence.reason import Reason
from catalog.evidence.rule import Commitment, Condition, Held, Licence, Lookup, Own, Verify

Given = Mapping[str, str]
"""What the applicant has entered, by the code of the field."""
Asking = Lookup | Verify | Licence | Held | Own


class Judge(NamedTuple):
    """What findings are judged by: the day of the case, and what the applicant has entered."""

    today: date
    given: Given

    def first(self, way: Asking, found: Sequence[Found]) -> Found | Reason:
        """The newest finding that satisfies ``way``, or why the newest one does not."""
        why: Reason | None = None
        for one in in_order(found):
            failed = self.failure(way, one)
            if failed is None:
                return one
            why = why or failed
        return why or Reason("absent")

    def failure(self, way: Asking, found: Found) -> Reason | None:
        """Why a finding does not satisfy ``way``."""
        standing = self.standing(found)
        if standing is not None:
            return standing
        if isinstance(way, Lookup):
            old = _age(found, way.fresh_days, self.today)
            return old or self._values(way.items, way.where, found)
        if isinstance(way, Licence):
            return self._values(way.items, way.where, found)
        if isinstance(way, Held):
            unseen = Reason("not-sighted") if way.sighted and not found.sighted else None
            return unseen or _age(found, way.max_age_days, self.today)
        # What was claimed, or the number of an own document, either agrees or proves nothing.
        untrue = None if found.agrees else Reason("does-not-agree")
        days = way.fresh_days if isinstance(way, Verify) else None
        return untrue or _age(found, days, self.today)

    def standing(self, found: Found) -> Reason | None:
        """Why a finding is evidence of nothing today: disputed, revoked, out of its time."""
        if found.standing != "sound":
            return Reason(found.standing)
        if found.valid_from is not None and found.valid_from > self.today:
            return Reason("not-yet-valid", {"date": found.valid_from.isoformat()})
        if found.valid_until is not None and found.valid_until < self.today:
            return Reason("expired-on", {"date": found.valid_until.isoformat()})
        return None

    def _values(
        self, items: Sequence[str], where: Sequence[Condition], found: Found
    ) -> Reason | None:
        for item in (*items, *(condition.item for condition in where)):
            if item not in found.values:
                return Reason("item-not-granted", {"item": item})
        for item in items:
            if not found.values[item]:
                return Reason("item-empty", {"item": item})
        for condition in where:
            failed = self._condition(condition, found.values[condition.item])
            if failed is not None:
                return failed
        return None

    def _condition(self, condition: Condition, value: str) -> Reason | None:
        facts = {"item": condition.item}
        if condition.test == "same_as":
            said = self.given.get(condition.field, "")
            if not said:
                return Reason("field-not-given", {"field": condition.field})
            return None if even(said) == even(value) else Reason("differs", facts)
        if condition.test == "filled":
            met = bool(value)
        elif condition.test == "not_past":
            # Dates are YYYY-MM-DD on the wire, so they compare as text.
            met = not value or value >= self.today.isoformat()
        elif condition.test == "in":
            met = value in condition.values
        else:
            met = bool(value) and value not in condition.values
        return None if met else Reason("condition-not-met", facts)


def in_order(found: Sequence[Found]) -> Sequence[Found]:
    """The newest first, then by reference: the order in which somebody answers means nothing."""
    if len(found) == 1:
        return found
    by_reference = sorted(found, key=lambda one: one.reference)
    return sorted(by_reference, key=lambda one: one.dated or date.min, reverse=True)


def even(value: str) -> str:
    """As two writings of one value are compared."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


def barred(way: Commitment, *, excluded: bool, deferrable: bool, may_commit: bool) -> Reason | None:
    """Why a commitment may not be given."""
    if excluded:
        return Reason("category-excluded")
    if way.kind == "later" and not deferrable:
        return Reason("not-deferrable")
    return None if may_commit else Reason("applicant-barred")


def _age(found: Found, days: int | None, today: date) -> Reason | None:
    if days is None:
        return None
    if found.dated is None:
        return Reason("date-unknown")
    if (today - found.dated).days > days:
        return Reason("too-old", {"date": found.dated.isoformat(), "days": days})
    return None
