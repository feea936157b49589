"""What a replay knows of destructions: which contents may be gone, and which must be.

That the rows are empty of what was destroyed, and of nothing else, is seen where the tables are
compared (``told/cases.py``); here it is whether each destruction was right where it stands, and
what still lies in the store of objects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from certs.canonical import Json
from hub.errors import StorageRefused
from hub.ledger.destructions import Thing, Told, in_use, kept_by, read, rounds_of
from hub.ledger.erased import Erased
from hub.ledger.replay import Replay
from hub.ledger.retention import least
from hub.storage.sqlite import driver

_KINDS = frozenset({"case", "material"})
_THUMBNAIL = "thumbnail"
PIECE = 1 << 20
"""Bytes of a piece in the store (``hub/materials/sealed.py``)."""

UNFINISHED = "destruction-unfinished"
Stored = Callable[[str], Sequence[str]]
"""The names of what the store of objects has of a material."""


class Destroyed:
    """The destructions of one replay; positions lie in a temporary database, as ``Erased``'s do."""

    def __init__(self, erased: Erased) -> None:
        self._erased = erased
        self._since: dict[Thing, int] = {}
        """From when on each content's retention is counted."""
        self._versions: dict[Thing, int] = {}
        self._gone: set[Thing] = set()
        self._places = driver.connect("", isolation_level=None)
        self._places.execute("CREATE TABLE places (position INTEGER PRIMARY KEY, what, id)")
        self._places.execute("BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._places.close()

    def step(
        self, position: int, kind: str, time: int, control: Mapping[str, Json], replay: Replay
    ) -> Iterator[str]:
        """Take one entry after ``replay`` has; gives the reason of what does not agree."""
        state = control.get("state")
        if not isinstance(state, dict):
            return
        if kind in _KINDS:
            thing = (kind, str(state.get("id")))
            if thing in self._gone and state.get("act") != "read":
                yield "after-destruction"
            self._content(position, time, thing, state)
        elif kind == "destruction":
            yield from self._destruction(time, read(state), replay)

    def left(self, replay: Replay, stored: Stored) -> Iterator[tuple[str, str]]:
        """After the last entry: of which material pieces are missing, or ought to be gone."""
        for (kind, name), state in replay.things.items():
            if kind != "material":
                continue
            try:
                here = set(stored(name))
            except StorageRefused:
                yield name, "material-store"
                return
            if (kind, name) in replay.destroyed:
                if here:
                    yield name, UNFINISHED
            elif not here >= _pieces(state):
                yield name, "material-pieces"

    def _content(self, position: int, time: int, thing: Thing, state: Mapping[str, Json]) -> None:
        self._places.execute("INSERT OR IGNORE INTO places VALUES (?, ?, ?)", (position, *thing))
        version = state.get("version")
        # From a material's last filing, and from the last act of a case but that it was read.
        counts = state.get("act") != "read" and (
            thing[0] == "case" or self._versions.get(thing) != version
        )
        if counts:
            self._since[thing] = time
        self._versions[thing] = version if isinstance(version, int) else 0

    def _destruction(self, time: int, told: Told | None, replay: Replay) -> Iterator[str]:
        if told is None or any(
            one in self._gone or one not in replay.things for one in told.things
        ):
            yield "destruction-state"
            return
        if any(time < self._until(one, replay) for one in told.things):
            yield "destroyed-early"
        things = set(told.things)
        cases = [state for (kind, _), state in replay.things.items() if kind == "case"]
        if things & in_use(cases):
            yield "destroyed-in-use"
        held = self._erased.held()
        there = (
            (str(what), str(name))
            for span in held
            for what, name in self._places.execute(
                "SELECT what, id FROM places WHERE position >= ? AND position < ?", span
            )
        )
        if things & kept_by(held, there, cases):
            yield "destroyed-held"
        self._gone |= things

    def _until(self, thing: Thing, replay: Replay) -> int:
        """Before when a content had to be kept, whatever the settings say."""
        state = replay.things[thing]
        if thing[0] == "material":
            retention = self._erased.class_of(state.get("dataset"), replay)
        else:
            retention = self._erased.class_at(rounds_of(state))
        return self._since[thing] + least(retention)


def _pieces(state: Mapping[str, Json]) -> set[str]:
    """What the store has of a material that is whole."""
    size = state.get("size")
    count = -(-size // PIECE) if isinstance(size, int) else 0
    names = {f"{number:08d}" for number in range(count)}
    return names | ({_THUMBNAIL} if state.get("thumbnail") is True else set())
