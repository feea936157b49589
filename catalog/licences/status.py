"""The states of a licence and what may be done to one: a machine without a clock or a store.

    01 有效 ── suspend ─→ 02 暂扣 ── resume ─→ 01       04 注销 and 06 办理转出 are the end.
    01, 02 ── withdraw ─→ 03 撤销 ┐                     What was withdrawn or revoked wrongly is
    01, 02 ── expire ───→ 05 失效 ├─ cancel ─→ 04       reinstated: 03, 07 ─→ 01.
    01, 02 ── revoke ───→ 07 吊销 ┘
    01 ────── transfer ─→ 06      01, 02 ── cancel ─→ 04
    01, 02 ── other ────→ 99, which has to be explained and goes on as 01 does, or back.

Codes as running systems use them. That what has expired, was withdrawn or revoked is then cancelled
is 《行政许可法》第七十条; the other ways are ours and stand here as one table.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from catalog.errors import ExplanationMissing, TransitionRefused
from catalog.item import Label
from catalog.licences.metadata import STATUS, labels
from catalog.messages import both
from certs import status_list


class Status(StrEnum):
    """证照状态."""

    IN_FORCE = "01"
    SUSPENDED = "02"
    WITHDRAWN = "03"
    CANCELLED = "04"
    EXPIRED = "05"
    TRANSFERRED = "06"
    REVOKED = "07"
    OTHER = "99"

    @property
    def label(self) -> Label:
        """Its titles."""
        return labels(STATUS)[self]

    @property
    def final(self) -> bool:
        """Whether nothing can be done any more."""
        return not acts(self)


class Act(StrEnum):
    """What is done to a licence; ``expire`` by the clock, everything else by somebody."""

    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    EXPIRE = "expire"
    TRANSFER = "transfer"
    REVOKE = "revoke"
    REINSTATE = "reinstate"
    OTHER = "other"

    @property
    def label(self) -> Label:
        """Its titles."""
        return Label.model_validate(both(f"licence.act.{self}"))


_LIVE = (Status.IN_FORCE, Status.SUSPENDED, Status.OTHER)
_WAYS: Mapping[Act, tuple[tuple[Status, ...], Status]] = {
    Act.SUSPEND: ((Status.IN_FORCE, Status.OTHER), Status.SUSPENDED),
    Act.RESUME: ((Status.SUSPENDED, Status.OTHER), Status.IN_FORCE),
    Act.WITHDRAW: (_LIVE, Status.WITHDRAWN),
    Act.CANCEL: (
        (*_LIVE, Status.WITHDRAWN, Status.EXPIRED, Status.REVOKED),
        Status.CANCELLED,
    ),
    Act.EXPIRE: (_LIVE, Status.EXPIRED),
    Act.TRANSFER: ((Status.IN_FORCE, Status.OTHER), Status.TRANSFERRED),
    Act.REVOKE: (_LIVE, Status.REVOKED),
    Act.REINSTATE: ((Status.WITHDRAWN, Status.REVOKED), Status.IN_FORCE),
    Act.OTHER: ((Status.IN_FORCE, Status.SUSPENDED), Status.OTHER),
}
EXPLAINED = frozenset({Status.OTHER})
"""What says nothing by itself (explanation required)."""
LIST_BITS = 2
"""Bits of a status in our status lists: four values are enough."""
LIST_STATUS: Mapping[Status, status_list.Status] = MappingProxyType(
    {
        Status.IN_FORCE: status_list.Status.VALID,
        Status.SUSPENDED: status_list.Status.SUSPENDED,
        Status.OTHER: status_list.Status.APPLICATION,
        **dict.fromkeys(
            (
                Status.WITHDRAWN,
                Status.CANCELLED,
                Status.EXPIRED,
                Status.TRANSFERRED,
                Status.REVOKED,
            ),
            status_list.Status.INVALID,
        ),
    }
)
"""What the outside is told by the status list of each; the reason stays inside."""


def acts(status: Status) -> tuple[Act, ...]:
    """What may be done to a licence in this status."""
    return tuple(act for act, (before, _) in _WAYS.items() if status in before)


def after(status: Status, act: Act, note: str = "") -> Status:
    """The status after an act.

    Raises ``TransitionRefused`` if it cannot be done, and ``ExplanationMissing`` if what comes of
    it has to be explained by a ``note`` and is not.
    """
    before, then = _WAYS[act]
    if status not in before:
        raise TransitionRefused(status=status.value, act=act.value)
    if then in EXPLAINED and not note.strip():
        raise ExplanationMissing(status=then.value)
    return then
