"""Under which name the log is known: ``<hub name>/ledger/<n>``.

A log that has lost entries never goes on under the name that it had: a restore opens the next
origin, so no name ever has two histories. Positions go on, and what was kept keeps its indexes.
"""

from dataclasses import dataclass

from certs.signatures import SKEW
from hub.storage.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Origin:
    """One name of the log, and the first position that was entered under it.

    ``time`` (milliseconds) is that of its first entry, 0 for the log's first name. ``note`` is the
    checkpoint that the restore bound, if one was known. ``copied`` is False until the restore that
    opened it has ended: until its first checkpoint lies outside the database.
    """

    number: int
    text: str
    first: int
    time: int
    note: str | None
    copied: bool


def origin_of(hub: str, number: int) -> str:
    """The name of the log of ``hub`` that is its ``number``-th."""
    return f"{hub}/ledger/{number}"


def number_of(hub: str, origin: str) -> int | None:
    """The number of a name of the log of ``hub``; None if it is none."""
    beginning, _, digits = origin.rpartition("/")
    if beginning != f"{hub}/ledger" or not digits.isascii() or not digits.isdigit():
        return None
    number = int(digits)
    return number if number and origin == origin_of(hub, number) else None


def origins(connection: Connection, hub: str) -> tuple[Origin, ...]:
    """All names that the log of ``hub`` has had, the first one first; there is always one."""
    rows = connection.execute(
        "SELECT number, first, time, note, copied FROM ledger_origins ORDER BY number"
    ).fetchall() or [(1, 0, 0, None, 1)]
    return tuple(
        Origin(number, origin_of(hub, number), first, time, note, bool(copied))
        for number, first, time, note, copied in rows
    )


def current_origin(connection: Connection, hub: str) -> Origin:
    """The name under which entries are made now."""
    return origins(connection, hub)[-1]


def restored_at(connection: Connection) -> int:
    """When the log was last restored, in milliseconds; 0 if it never was.

    Sessions that began before have ended: what ended them may be among what was lost.
    """
    (time,) = connection.execute("SELECT coalesce(max(time), 0) FROM ledger_origins").fetchone()
    return int(time)


def signed_from(connection: Connection) -> int:
    """The time (milliseconds) before which no signature was made that may be believed now.

    Which nonces were used in what a restore has lost is unknown. A request that was answered then
    may bear a time up to ``SKEW`` seconds ahead of ours, so that is added.
    """
    time = restored_at(connection)
    return time + SKEW * 1000 if time else 0
