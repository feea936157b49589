"""Which alarms stand, which of them stop answering, and how a person lays one to rest.

An alarm stands until somebody acknowledges it; that of an overdue proof also ends when the proof
has come. Two kinds stop a gateway. One convicts the hub of two logs: what it promises now binds
nobody. The other is a promise that it has not kept. An answer that merely failed to prove itself
was withheld, and stops nothing: every answer is judged by itself, and whoever can spoil one on its
way could else stop a whole department.
"""

from collections.abc import Sequence

from connectors.errors import AlarmUnknown, LedgerForked, ProofOverdue
from connectors.receipts.kept import Alarm
from connectors.receipts.store import ReceiptStore

ENTRY_TWICE = "entry-twice"
_STANDING = """
    id NOT IN (SELECT alarm FROM acknowledged) AND NOT (code = ? AND NOT EXISTS (
        SELECT 1 FROM receipts r WHERE r.request_id = alarms.request_id AND r.state = 'alarm'))
"""
MOST = 1000


def standing(store: ReceiptStore, *, limit: int = MOST) -> list[Alarm]:
    """The alarms that stand, newest first."""
    return store.alarms(limit=limit, where=_STANDING, values=[ProofOverdue.code])


def find(store: ReceiptStore, number: int) -> Alarm:
    """One alarm, standing or not; raises ``AlarmUnknown``."""
    for alarm in store.alarms(limit=1, where="id = CAST(? AS INTEGER)", values=[str(number)]):
        return alarm
    raise AlarmUnknown


def acknowledge(store: ReceiptStore, number: int, note: str, now: int) -> None:
    """Note that somebody has looked into an alarm and what they found; the first note stays.

    Raises ``AlarmUnknown``.
    """
    alarm = find(store, number)
    store.change("INSERT OR IGNORE INTO acknowledged VALUES (?, ?, ?)", alarm.id, now, note)


def stops(alarm: Alarm) -> bool:
    """Whether nothing may be answered while this alarm stands."""
    return alarm.code in {LedgerForked.code, ProofOverdue.code} or alarm.why == ENTRY_TWICE


def stopping(alarms: Sequence[Alarm]) -> Alarm | None:
    """The newest of ``alarms`` that stops answering."""
    return next((alarm for alarm in alarms if stops(alarm)), None)
