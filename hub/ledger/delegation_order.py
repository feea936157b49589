"""What entries say of delegations, while a log is replayed.

A delegation is drafted, signed, accepted and revoked, in that order, and what it states does not
change once it is signed. An answer that names one was lent a grant of the delegating department,
while the delegation stood, to the department that asked, for what it was asked.
"""

from collections.abc import Iterator, Mapping

from certs.canonical import Json
from certs.encoding import from_rfc3339
from certs.errors import Malformed
from hub.ledger.naming import local

_AFTER: Mapping[Json, frozenset[Json]] = {
    None: frozenset({"draft"}),
    "draft": frozenset({"draft", "signed", "revoked"}),
    "signed": frozenset({"active", "revoked"}),
    "active": frozenset({"revoked"}),
    "revoked": frozenset(),
}
_STATED = (
    *("department", "to", "services", "purposes", "datasets", "items", "channels"),
    *("valid_from", "valid_until", "daily_cap", "basis"),
)


def delegation_order(before: Mapping[str, Json] | None, state: Mapping[str, Json]) -> Iterator[str]:
    """Whether a delegation's new state follows the one before it."""
    was = None if before is None else before.get("status")
    if state.get("status") not in _AFTER.get(was, frozenset()):
        yield "delegation-order"
    version, last = state.get("version"), 0 if before is None else before.get("version")
    if type(version) is not int or type(last) is not int or version != last + 1:
        yield "delegation-version-gap"
    signed = before is not None and state.get("status") != "draft"
    if before is not None and signed and any(before.get(n) != state.get(n) for n in _STATED):
        yield "delegation-changed"


def delegation_faults(
    delegation: Mapping[str, Json] | None,
    grant: Mapping[str, Json],
    time: int,
    control: Mapping[str, Json],
) -> Iterator[str]:
    """What an answer and the delegation that it names do not agree in."""
    if delegation is None:
        yield "delegation-unknown"
        return
    if delegation.get("status") != "active":
        yield "delegation-inactive"
    try:
        begin, end = (from_rfc3339(str(delegation.get(n))) for n in ("valid_from", "valid_until"))
    except Malformed:
        yield "delegation-state"
    else:
        if not begin <= time < end:
            yield "delegation-out-of-time"
    yield from _within(delegation, grant, control)


def _within(
    delegation: Mapping[str, Json], grant: Mapping[str, Json], control: Mapping[str, Json]
) -> Iterator[str]:
    """Whether a delegation is between these departments, and for what was asked."""
    if delegation.get("department") != grant.get("department"):
        yield "delegation-department"
    if delegation.get("to") != local(control.get("department")):
        yield "delegation-to"
    for name, value in (
        ("purposes", control.get("purpose")),
        ("channels", control.get("channel")),
        ("datasets", local(control.get("dataset"))),
    ):
        members = delegation.get(name)
        # Without datasets of its own it goes as far as the grants do.
        if name == "datasets" and members == []:
            continue
        if not isinstance(members, list) or value not in members:
            yield f"delegation-{name}"
