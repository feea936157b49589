"""What a log's entries say, for those who look it up, and what the product's replay says of it."""

from collections.abc import Sequence

from certs.canonical import Json, canonical
from certs.leaf import read_leaf
from hub.ledger.asked import Asked
from hub.ledger.replay import Replay
from hub.storage.sqlite import driver
from world.auditing import Entry
from world.long_log import Log

Entries = list[Entry]


def replayed(entries: Sequence[Entry]) -> set[tuple[str, int]]:
    """What the product's own replay says of a log."""
    connection = driver.connect(":memory:", isolation_level=None)
    connection.execute(
        "CREATE TABLE entries (position INTEGER PRIMARY KEY, leaf BLOB, control BLOB)"
    )
    rows = [(i, one.leaf, canonical(one.control)) for i, one in enumerate(entries)]
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)
    asked = Asked(connection)
    replay = Replay(asked)
    found = set()
    for position, one in enumerate(entries):
        leaf = read_leaf(one.leaf)
        whys = replay.step(position, leaf.kind, leaf.time, one.control)
        found |= {(why, position) for why in whys}
    asked.close()
    connection.close()
    return found


def kind_of(entry: Entry) -> str:
    return read_leaf(entry.leaf).kind


def places(log: Log, kind: str, **control: Json) -> list[int]:
    """Where entries of a kind stand that say this."""
    return [
        at
        for at, one in enumerate(log.entries)
        if kind_of(one) == kind and control.items() <= one.control.items()
    ]


def state_of(entry: Entry) -> dict[str, Json]:
    state = entry.control["state"]
    assert isinstance(state, dict)
    return state
