"""Single days that an administrator has said to be worked or off, against the notice or before it.

Years that the State Council has not announced yet need it, and so does a place that works on
another day than the rest (``domain.md`` §3).
"""

from datetime import date

from catalog.working_days import WorkingDays
from certs.canonical import Json
from hub.errors import Unprocessable
from hub.ledger.change import Actor, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import CalendarDayRow

MOST_AHEAD = 10
"""Years from now for which a day may be corrected."""
_MAX_BASIS = 200


def correct(
    changes: Changes, actor: Actor, day: date, *, working: bool | None, basis: str, today: date
) -> int:
    """Say that ``day`` is worked, or off, or (None) as announced again; gives the entry's position.

    ``basis`` is the notice that says so. Raises ``Unprocessable``.
    """
    if abs(day.year - today.year) > MOST_AHEAD:
        raise Unprocessable(why="day")
    if not basis.strip() or len(basis) > _MAX_BASIS:
        raise Unprocessable(why="basis")
    with changes.change(actor, moves_epoch=False) as change:
        row = change.session.get(CalendarDayRow, day.isoformat())
        if working is None:
            if row is not None:
                change.session.delete(row)
        else:
            change.session.merge(
                CalendarDayRow(day=day.isoformat(), working=working, basis=basis.strip())
            )
        state: dict[str, Json] = {
            "basis": basis.strip(),
            "day": day.isoformat(),
            "working": working,
        }
        return change.append("calendar", state)


def working_days(connection: Connection) -> WorkingDays:
    """The calendar with all corrections."""
    rows = connection.execute("SELECT day, working FROM calendar_days")
    return WorkingDays({date.fromisoformat(day): bool(working) for day, working in rows})


def listing(connection: Connection) -> list[dict[str, Json]]:
    """All corrections in the order of their days."""
    rows = connection.execute("SELECT day, working, basis FROM calendar_days ORDER BY day")
    return [{"day": day, "working": bool(on), "basis": basis} for day, on, basis in rows]
