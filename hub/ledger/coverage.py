"""How far witnesses have seen the log, and whether that is too little to go on answering.

The newest checkpoint under which a quorum stands is kept in ``cosigned``. An entry beyond it may
wait for ``witness.max_age`` seconds; then nothing more is answered until a quorum has cosigned.
Each process looks for itself, from the database alone, so all of them see the same and a restart
changes nothing. Who answers questions reads one attribute.
"""

import logging
from dataclasses import dataclass

from certs.cosignature import Witness, verify_cosignatures
from certs.errors import CheckpointInvalid
from certs.leaf import read_leaf
from certs.note import read_checkpoint, read_note
from hub.clock import Clock
from hub.ledger.checkpoint import Published
from hub.settings import WitnessSettings
from hub.storage.sqlite import Connection

_log = logging.getLogger("hub.ledger")
_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one witness.

    ``size`` is the largest that it cosigned, ``time`` when (both 0 if it never did), ``trouble``
    what went wrong the last time, empty if nothing did.
    """

    witness: Witness
    size: int
    time: int
    trouble: str


class Coverage:
    """The view of one process; ``short`` is whether questions may not be answered now."""

    def __init__(
        self, connection: Connection, origin: str, settings: WitnessSettings, clock: Clock
    ) -> None:
        self._connection = connection
        self._origin = origin
        self._clock = clock
        self._max_age = settings.max_age * _SECOND
        self._judged: tuple[str, bool] = ("", False)
        self._oldest: tuple[int, int] = (-1, 0)
        self.witnesses: tuple[Witness, ...] = tuple(pin.witness for pin in settings.witnesses)
        self.quorum = settings.quorum
        self.short = False
        self.refresh()

    def refresh(self) -> None:
        """Look again. What cannot be seen counts as not covered."""
        if not self.witnesses:
            return
        try:
            self.short = self._is_short()
        except Exception:  # noqa: BLE001 whatever it is, nothing shows that the log is covered
            _log.exception("how far witnesses have seen the log cannot be told")
            self.short = True

    def cosigned(self) -> Published | None:
        """The newest checkpoint under which a quorum stands; None before the first."""
        if not self.witnesses:
            return None
        row = self._connection.execute("SELECT size, root, note FROM cosigned").fetchone()
        return None if row is None or not self.holds(row[2]) else Published(*row)

    def holds(self, note: str) -> bool:
        """Whether a note is of this origin and has its quorum, by the witnesses as set up now."""
        if self._judged[0] != note:
            self._judged = (note, self._judge(note))
        return self._judged[1]

    def standings(self) -> list[Standing]:
        """Every witness that is set up, in that order."""
        rows = self._connection.execute("SELECT name, size, time, trouble FROM witnesses")
        known = {name: (size, time, trouble) for name, size, time, trouble in rows}
        return [Standing(one, *known.get(one.name, (0, 0, ""))) for one in self.witnesses]

    def _is_short(self) -> bool:
        newest = self.cosigned()
        covered = 0 if newest is None else newest.size
        (following,) = self._connection.execute("SELECT next FROM ledger_head").fetchone()
        if following <= covered:
            return False
        return self._clock() - self._time_of(covered) > self._max_age

    def _time_of(self, position: int) -> int:
        """When an entry was made; the same one is asked for again and again."""
        if self._oldest[0] != position:
            (leaf,) = self._connection.execute(
                "SELECT leaf FROM entries WHERE position = ?", (position,)
            ).fetchone()
            self._oldest = (position, read_leaf(leaf).time)
        return self._oldest[1]

    def _judge(self, note: str) -> bool:
        try:
            verify_cosignatures(note, self.witnesses, self.quorum)
            return read_checkpoint(read_note(note).text).origin == self._origin
        except CheckpointInvalid:
            return False
