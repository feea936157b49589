"""What is left to ask with: today's quotas, and this hour's failed verifications of a subject.

All of it is called under the ledger's lock, at the time under it.
"""

from hub.clock import HOUR, shanghai_day
from hub.ledger.attempt import Charge
from hub.storage.sqlite import Connection


class Allowances:
    """The quotas and counters of one ledger, through the connection that commits."""

    def __init__(self, connection: Connection, *, mismatches_per_hour: int) -> None:
        self._connection = connection
        self._most = mismatches_per_hour

    def pay(self, charge: Charge, count: int, time: int) -> bool:
        """Take ``count`` from today's quota of a grant, all or nothing."""
        limit = charge.limit
        if limit is not None and count > limit:
            return False
        row = self._connection.execute(
            "INSERT INTO quotas VALUES (?, ?, ?) ON CONFLICT (grant_id, day) DO UPDATE"
            " SET used = used + excluded.used WHERE ?4 IS NULL OR used + excluded.used <= ?4"
            " RETURNING used",
            (charge.grant, shanghai_day(time), count, limit),
        ).fetchone()
        return row is not None

    def can_pay(self, charge: Charge, count: int, time: int) -> bool:
        """Whether today's quota of a grant has ``count`` left."""
        if charge.limit is None:
            return True
        row = self._connection.execute(
            "SELECT used FROM quotas WHERE grant_id = ? AND day = ?",
            (charge.grant, shanghai_day(time)),
        ).fetchone()
        used: int = 0 if row is None else row[0]
        return used + count <= charge.limit

    def throttled(self, subject: int, time: int) -> bool:
        """Whether verifications of a subject have failed too often in this hour."""
        return self._mismatches(subject, time) >= self._most

    def would_throttle(self, subject: int, count: int, time: int) -> bool:
        """Whether so many more that fail are too many for this hour."""
        return self._mismatches(subject, time) + count > self._most

    def count_mismatch(self, subject: int, time: int) -> bool:
        """Count one failed verification of a subject; False once this hour has had too many."""
        row = self._connection.execute(
            "INSERT INTO mismatches VALUES (?1, ?2, 1) ON CONFLICT (id) DO UPDATE SET"
            " count = CASE hour WHEN ?2 THEN count + 1 ELSE 1 END, hour = ?2"
            " WHERE hour <> ?2 OR count < ?3 RETURNING count",
            (subject, time // HOUR, self._most),
        ).fetchone()
        return row is not None

    def _mismatches(self, subject: int, time: int) -> int:
        """How many verifications of a subject have failed in this hour."""
        row = self._connection.execute(
            "SELECT count FROM mismatches WHERE id = ? AND hour = ?", (subject, time // HOUR)
        ).fetchone()
        return 0 if row is None else int(row[0])
