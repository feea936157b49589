"""What a replay knows of erasures: which parts may be gone, and which must be.

A *person* part that is not there is sound only if an erasure lists its position, after the
retention of its class and not under a hold at that time; and what an erasure lists must be gone.
"""

from collections.abc import Iterator, Mapping

from catalog.definition import load
from catalog.errors import DefinitionRefused
from certs.canonical import Json
from certs.encoding import digest
from certs.errors import LeafMismatch
from certs.leaf import read_leaf
from hub.errors import Unprocessable
from hub.ledger.holds import ACTIVE, RELEASED
from hub.ledger.naming import local
from hub.ledger.persons import PersonKeys
from hub.ledger.replay import ANSWERED, QUESTIONS, Replay
from hub.ledger.retention import CLASSES, is_month, least
from hub.ledger.spans import Span, Spans, read_spans, size, union, without
from hub.storage.sqlite import Connection, driver

_TABLES = ("gone", "listed", "longer")
_LONGEST = max(CLASSES, key=least)


class Erased:
    """The erasures of one replay; ``connection`` reads the log in one transaction.

    Positions lie in a temporary database without a name, as those of ``Asked`` do.
    """

    def __init__(self, connection: Connection, persons: PersonKeys) -> None:
        self._connection = connection
        self._persons = persons
        self._classes = dict(_classes(connection))
        self._holds: dict[str, tuple[Spans, str]] = {}
        self._months: set[tuple[str, str]] = set()
        self._there: set[int] = set()
        """The numbers of the keys of parts that are there."""
        self._places = driver.connect("", isolation_level=None)
        for table in _TABLES:
            self._places.execute(f"CREATE TABLE {table} (position INTEGER PRIMARY KEY)")
        self._places.execute("BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._places.close()

    def part(self, position: int, key: int, *, there: bool) -> None:
        """Take the part of one entry: whether it is there, and under which key."""
        if there:
            self._there.add(key)
        else:
            self._places.execute("INSERT INTO gone VALUES (?)", (position,))

    def step(
        self, position: int, kind: str, time: int, control: Mapping[str, Json], replay: Replay
    ) -> Iterator[str]:
        """Take one entry after ``replay`` has; gives the reason of what does not agree."""
        if kind in QUESTIONS:
            if self._class(control, replay) == _LONGEST:
                self._places.execute("INSERT INTO longer VALUES (?)", (position,))
            return
        state = control.get("state")
        if kind == "erasure":
            yield from self._erasure(position, time, state if isinstance(state, dict) else {})
        elif kind == "hold" and not self._hold(position, state if isinstance(state, dict) else {}):
            yield "hold-state"

    def left(self) -> Iterator[tuple[int, str]]:
        """After the last entry: what is gone and may not be, and what is there and may not be."""
        for why, some, others in (
            ("person-sealed", "gone", "listed"),
            ("erasure-unfinished", "listed", "gone"),
        ):
            query = f"SELECT position FROM {some} EXCEPT SELECT position FROM {others}"  # noqa: S608
            for (position,) in self._places.execute(query):
                yield position, why
        for retention, in_month in sorted(self._months):
            if self._key_left(retention, in_month):
                yield -1, "erasure-unfinished"

    def held(self) -> Spans:
        """What holds keep at this position."""
        return union(
            span for entries, status in self._holds.values() if status == ACTIVE for span in entries
        )

    def class_of(self, dataset: Json, replay: Replay) -> str:
        """The retention class of a dataset, by the definition that stands at this position."""
        known = replay.things.get(("dataset", local(dataset)), {})
        # Of a definition that nobody has any more the longest retention is assumed.
        return self._classes.get(str(known.get("definition")), _LONGEST)

    def class_at(self, spans: Spans) -> str:
        """The longest retention class of the answers that stand in spans."""
        found = "SELECT 1 FROM longer WHERE position >= ? AND position < ?"
        longer = any(self._places.execute(found, span).fetchone() for span in spans)
        return _LONGEST if longer else CLASSES[0]

    def _erasure(self, position: int, time: int, state: Mapping[str, Json]) -> Iterator[str]:
        retention, in_month = str(state.get("retention")), str(state.get("month"))
        listed = _spans(state.get("indexes"), position)
        if listed is None or retention not in CLASSES or not is_month(in_month):
            yield "erasure-state"
            return
        if any(self._is_early(span, time) for span in listed):
            yield "erased-early"
        if size(without(listed, self.held())) < size(listed):
            yield "erased-held"
        self._months.add((retention, in_month))
        self._places.executemany(
            "INSERT OR IGNORE INTO listed VALUES (?)",
            ((place,) for first, end in listed for place in range(first, end)),
        )

    def _hold(self, position: int, state: Mapping[str, Json]) -> bool:
        """Take a hold: a new one is active, and one that ends has kept what it kept."""
        name, entries = str(state.get("id")), _spans(state.get("entries"), position)
        before, status = self._holds.get(name), str(state.get("status"))
        if not entries:
            return False
        if before is None:
            sound = status == ACTIVE
        else:
            sound = (before, status) == ((entries, ACTIVE), RELEASED)
        self._holds[name] = entries, status
        return sound

    def _is_early(self, span: Span, time: int) -> bool:
        """Whether the newest of a span, or of those of the longest class in it, is still kept."""
        (longest,) = self._places.execute(
            "SELECT max(position) FROM longer WHERE position >= ? AND position < ?", span
        ).fetchone()
        if longest is not None and time < self._time(longest) + least(_LONGEST):
            return True
        return time < self._time(span[1] - 1) + min(least(name) for name in CLASSES)

    def _time(self, position: int) -> int:
        """When an entry was made; for ever if that cannot be read, which is a fault already."""
        row = self._connection.execute(
            "SELECT leaf FROM entries WHERE position = ?", (position,)
        ).fetchone()
        try:
            return read_leaf(row[0]).time
        except (LeafMismatch, TypeError):
            return 1 << 62

    def _class(self, control: Mapping[str, Json], replay: Replay) -> str:
        """The retention class of a question: its dataset's if it was answered."""
        if str(control.get("outcome")) not in ANSWERED:
            return CLASSES[0]
        return self.class_of(control.get("dataset"), replay)

    def _key_left(self, retention: str, in_month: str) -> bool:
        """Whether a class and month can still be opened although nothing of it is there."""
        rows = self._connection.execute(
            "SELECT id, wrapped NOT NULL FROM person_keys WHERE retention = ? AND month = ?",
            (retention, in_month),
        ).fetchall()
        if any(number in self._there for number, _ in rows):
            return False
        return any(wrapped for _, wrapped in rows) or self._persons.has_month(retention, in_month)


def _spans(value: Json, before: int) -> Spans | None:
    """A set of positions earlier than ``before``; None if that is not what it is."""
    try:
        spans = read_spans(value)
    except Unprocessable:
        return None
    return spans if not spans or spans[-1][1] <= before else None


def _classes(connection: Connection) -> Iterator[tuple[str, str]]:
    """The retention class of each definition, by its digest."""
    for (definition,) in connection.execute("SELECT definition FROM definitions").fetchall():
        try:
            yield digest(definition), load(definition, "definition").retention
        except (DefinitionRefused, TypeError):
            continue  # ``compare_tables`` tells of it
