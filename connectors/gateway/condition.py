"""How a gateway is: the alarms that stand, its certificate, its proofs, and what it has answered.

The event loop and the thread of the upkeep both write here; each field is replaced whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.gateway.errors import GatewayStopped
from connectors.receipts.alarms import stopping
from connectors.receipts.kept import Alarm


@dataclass(slots=True)
class Counts:
    """Questions since the start, by their end."""

    answered: int = 0
    declined: int = 0
    failed: int = 0
    turned_away: int = 0


@dataclass(slots=True)
class Condition:
    """The state that the gateway's health shows; codes are of errors, None is well."""

    alarms: tuple[Alarm, ...] = ()
    renewal: str | None = None
    proofs: str | None = None
    proofs_at: int | None = None
    receipts: Mapping[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    @property
    def status(self) -> str:
        """``ok``, ``alarm`` or ``stopped``."""
        if stopping(self.alarms) is not None:
            return "stopped"
        return "alarm" if self.alarms else "ok"

    def check(self) -> None:
        """Raise ``GatewayStopped`` while an alarm stands that stops answering."""
        alarm = stopping(self.alarms)
        if alarm is not None:
            raise GatewayStopped(alarm=alarm.id, why=alarm.code)
