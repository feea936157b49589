"""``hub ledger verify``: the whole log derived again, and compared with tables and checkpoint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson

from certs.canonical import Json, canonical, parse
from certs.errors import LeafMismatch, Malformed, SealBroken
from certs.leaf import SALT_BYTES, Leaf, part_digest, read_leaf
from certs.tree import Frontier, leaf_hash
from hub.ledger.checkpoint import newest
from hub.ledger.persons import PersonKeys
from hub.ledger.replay import QUESTIONS, Replay
from hub.storage.sqlite import Connection

_CONTROL_LIMIT = 1 << 20
_CONTROL_DEPTH = 8
_STEP = 1000

Progress = Callable[[int, int], None]
_Row = tuple[int, bytes, bytes, bytes, bytes, bytes | None, int]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not agree; ``position`` is -1 for what belongs to no entry."""

    position: int
    why: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was derived: counts, the newest checkpoint's size and root, and every fault."""

    entries: int
    answers: int
    changes: int
    size: int
    root: bytes
    faults: tuple[Fault, ...]


class Verification:
    """Reads every entry once."""

    def __init__(self, connection: Connection, persons: PersonKeys) -> None:
        self._connection = connection
        self._persons = persons
        self._replay = Replay()
        self._frontier = Frontier()
        self._faults: list[Fault] = []
        self._answers = 0
        self._time = 0

    def run(self, progress: Progress) -> Findings:
        """Derive everything again; ``progress`` gets entries done and all."""
        self._connection.execute("BEGIN")
        try:
            return self._run(progress)
        finally:
            self._connection.execute("ROLLBACK")

    def _run(self, progress: Progress) -> Findings:
        head: tuple[int, int] = self._connection.execute(
            "SELECT next, epoch FROM ledger_head"
        ).fetchone()
        published = newest(self._connection)
        size = 0 if published is None else published.size
        expected = 0
        for row in self._connection.execute("SELECT * FROM entries ORDER BY position"):
            self._entry(row, expected)
            expected = row[0] + 1
            if published is not None and self._frontier.size == size:
                if self._frontier.root() != published.root:
                    self._fault(-1, "checkpoint-root")
                published = None
            if expected % _STEP == 0:
                progress(expected, head[0])
        if published is not None:
            self._fault(-1, "checkpoint-beyond-entries")
        if head != (expected, self._replay.epoch):
            self._fault(-1, "head")
        for why in compare_tables(self._connection, self._replay):
            self._fault(-1, why)
        progress(expected, head[0])
        return Findings(
            entries=expected,
            answers=self._answers,
            changes=expected - self._answers,
            size=size,
            root=self._frontier.root() if expected else b"",
            faults=tuple(self._faults),
        )

    def _entry(self, row: _Row, expected: int) -> None:
        position, data, control, salts, internal, _, _ = row
        self._frontier.append(leaf_hash(data))
        if position != expected:
            self._fault(position, "missing-before")
        try:
            leaf = read_leaf(data)
            members = parse(control, max_bytes=_CONTROL_LIMIT, max_depth=_CONTROL_DEPTH)
        except (LeafMismatch, Malformed):
            self._fault(position, "unreadable")
            return
        if part_digest("control", salts[:SALT_BYTES], control) != leaf.control:
            self._fault(position, "control")
        if part_digest("internal", salts[SALT_BYTES:], internal) != leaf.internal:
            self._fault(position, "internal")
        self._person(row, leaf)
        if leaf.time < self._time:
            self._fault(position, "time-backwards")
        self._time = leaf.time
        self._answers += leaf.kind in QUESTIONS
        if not isinstance(members, dict):
            self._fault(position, "control-form")
            return
        for why in self._replay.step(leaf.kind, leaf.time, members):
            self._fault(position, why)

    def _person(self, row: _Row, leaf: Leaf) -> None:
        blob, number = row[5], row[6]
        try:
            salt, part = self._persons.open(blob or b"", number, leaf.person)
        except SealBroken:
            self._fault(row[0], "person-sealed")
            return
        if part_digest("person", salt, part) != leaf.person:
            self._fault(row[0], "person")

    def _fault(self, position: int, why: str) -> None:
        self._faults.append(Fault(position, why))


def compare_tables(connection: Connection, replay: Replay) -> Iterator[str]:
    """Compare the tables with what the entries say they must hold."""
    grants = {
        name: canonical(state) for (kind, name), state in replay.things.items() if kind == "grant"
    }
    stored: dict[str, bytes] = {
        grant: canonical(orjson.loads(state))
        for grant, state in connection.execute("SELECT id, state FROM grants")
    }
    if grants != stored:
        yield "table-grants"
    statuses = (
        ("certificate", "SELECT keyid, status FROM certificates"),
        ("connector", "SELECT urn, status FROM connectors"),
        ("dataset", "SELECT code, status FROM datasets"),
        ("department", "SELECT code, status FROM departments"),
        ("person", "SELECT account, status FROM people"),
        ("purpose", "SELECT code, status FROM purposes"),
    )
    for kind, query in statuses:
        derived: dict[str, Json] = {
            name: state.get("status")
            for (of_kind, name), state in replay.things.items()
            if of_kind == kind
        }
        if derived != dict(connection.execute(query).fetchall()):
            yield f"table-{kind}"
    yield from _roles(connection, replay)


def _roles(connection: Connection, replay: Replay) -> Iterator[str]:
    derived: dict[str, str] = {}
    for (kind, name), state in replay.things.items():
        if kind == "person":
            roles = state.get("roles")
            derived[name] = " ".join(map(str, roles)) if isinstance(roles, list) else str(roles)
    if derived != dict(connection.execute("SELECT account, roles FROM people").fetchall()):
        yield "table-roles"
