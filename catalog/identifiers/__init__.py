"""Identifiers of people, bodies and licences: one check for every door that they come in by."""

import re
from collections.abc import Callable, Mapping, Sequence

from catalog.identifiers import licence, organisation, resident, uscc
from catalog.identifiers.normalise import trimmed
from catalog.identifiers.verdict import Checked, Verdict

__all__ = ["KINDS", "PLAIN", "Checked", "Verdict", "check", "check_any"]

# A key that follows no standard, such as a household's number.
PLAIN = "text"
PLAIN_LIMIT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _plain(raw: str) -> Checked:
    value = trimmed(raw)
    if len(value) > PLAIN_LIMIT or _CONTROL.search(value):
        return Checked(value, "invalid", "form", PLAIN)
    return Checked(value, "valid", "", PLAIN)


KINDS: Mapping[str, Callable[[str], Checked]] = {
    resident.KIND: resident.check,
    uscc.KIND: uscc.check,
    organisation.KIND: organisation.check,
    licence.KIND: licence.check,
    PLAIN: _plain,
}

# A number of which only this is wrong is of the kind; with other reasons it is of another kind.
_OF_THIS_KIND = "check-digit"


def check(kind: str, raw: str) -> Checked:
    """Check ``raw`` as an identifier of ``kind``.

    Beside the reasons of the kind: ``kind`` (there is no such kind) and ``empty``; both invalid.
    """
    checker = KINDS.get(kind)
    if checker is None:
        return Checked(raw, "invalid", "kind", kind)
    if not trimmed(raw):
        return Checked("", "invalid", "empty", kind)
    return checker(raw)


def check_any(kinds: Sequence[str], raw: str) -> Checked:
    """Check ``raw`` where several kinds are allowed; ``kinds`` stand in order of preference.

    1. The first kind that finds it ``valid``.
    2. Else the first kind for which it is ``invalid`` by its check digit alone. Without this, a
       mistyped resident's number of Yunnan (53…) would pass as a credit code of the civil affairs
       authorities (53…) that only warns.
    3. Else the first that warns.
    4. Else the verdict of the first kind.
    """
    results = [check(kind, raw) for kind in kinds]
    for result in results:
        if result.verdict == "valid":
            return result
    for result in results:
        if result.verdict == "invalid" and result.reason == _OF_THIS_KIND:
            return result
    for result in results:
        if result.verdict == "warn":
            return result
    return results[0]
