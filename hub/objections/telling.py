"""Telling everyone who received a value that was corrected: an entry, opened to each of them.

Whose answers they were is found from the log by the subject: every answer about it from this
dataset that stands before the correction, as far back as *person* parts are kept. The hub does not
know since when a value was wrong, for generations are replaced whole; who is told too much asks
once more, who is told too little goes on with a wrong value. A notice names the department's own
entries and nobody; its connector finds its receipts by them.
"""

from collections.abc import Iterator, Sequence

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.ledger.change import HUB
from hub.objections.answering import subject_of
from hub.objections.desk import Desk
from hub.objections.objection import Objection
from hub.objections.register import write
from hub.storage.objection_tables import ObjectionRow

NOTICE = "notice"
RECEIVED = ("lookup", "verify", "feed")
"""Kinds of entries with which a value left the hub; those of a batch are lookups."""
MOST_ENTRIES = 500
"""Entries that one notice names; whoever has more gets several."""


def untold(desk: Desk) -> list[Objection]:
    """Corrected objections of which those who received the value have not been told."""
    rows = desk.reading.execute(
        "SELECT state FROM objections WHERE status = 'corrected' AND told IS NULL ORDER BY rowid"
    )
    return [Objection.model_validate_json(state) for (state,) in rows]


async def tell(desk: Desk) -> int:
    """Tell all who are to be told; gives how many notices there were.

    Cut off, it is taken up anew: that somebody was told stands in the change that tells them.
    Several processes may try, one does it.
    """
    waiting = untold(desk)
    if waiting:
        await desk.audit.catch_up()
    return sum(_tell(desk, objection) for objection in waiting)


def _tell(desk: Desk, objection: Objection) -> int:
    subject = subject_of(desk, objection.id)
    received: dict[str, list[int]] = {}
    if subject is not None and objection.corrected is not None:
        received = desk.audit.received(
            subject, objection.dataset, RECEIVED, below=objection.corrected
        )
    with desk.changes.change(HUB, moves_epoch=False) as change:
        row = change.session.get(ObjectionRow, objection.id)
        if row is None or row.told is not None:
            return 0
        count = 0
        for state in _notices(objection, received):
            change.append(NOTICE, state, subject=subject)
            count += 1
        found = Objection.model_validate_json(row.state)
        update = {"told": rfc3339(change.time), "notices": count}
        write(change, row, found.model_copy(update=update), subject)
        return count


def _notices(objection: Objection, received: dict[str, list[int]]) -> Iterator[dict[str, Json]]:
    for department, positions in sorted(received.items()):
        for entries in _pieces(positions):
            named: list[Json] = [*entries]
            yield {
                "dataset": objection.dataset,
                "department": department,
                "entries": named,
                "objection": objection.id,
                "outcome": objection.status,
                "provider": objection.provider,
            }


def _pieces(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), MOST_ENTRIES):
        yield positions[start : start + MOST_ENTRIES]
