"""``hub ledger verify``: the whole log derived again, and compared with all that hangs on it.

That is the tables, the published checkpoint with its signature, the checkpoint kept outside, and
the sealed rows of what is live.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from certs.canonical import Json, parse
from certs.errors import CheckpointInvalid, LeafMismatch, Malformed, ProofInvalid, SealBroken
from certs.keys import PublicKey
from certs.leaf import SALT_BYTES, Leaf, part_digest, read_leaf
from certs.note import Checkpoint, open_checkpoint
from certs.tree import Frontier, leaf_hash
from hub.errors import StorageRefused
from hub.ledger.asked import Asked
from hub.ledger.checkpoint import Published, newest
from hub.ledger.compare import compare_tables, live_generations
from hub.ledger.destroyed import UNFINISHED, Destroyed, Stored
from hub.ledger.destructions import DESTROYED
from hub.ledger.earlier import Earlier
from hub.ledger.erased import Erased
from hub.ledger.origin import Origin
from hub.ledger.persons import PersonKeys
from hub.ledger.replay import QUESTIONS, Replay
from hub.ledger.shelf import Shelf, edge_of
from hub.storage.sqlite import Connection, DatabaseError

_CONTROL_LIMIT = 1 << 20
_CONTROL_DEPTH = 8
_STEP = 1000
SIGNING = frozenset({"None", "checkpoint", "credential", "master", "receipt", "session"})
"""Uses of keys that have files of their own; before the register they had no name."""

Progress = Callable[[int, int], None]
_Row = tuple[int, bytes, bytes, bytes, bytes, bytes | None, int]


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside the database.

    ``origin`` and ``keys`` of the checkpoints, each that ever signed one, ``copy`` the file of the
    one that is kept, and ``rows_digest`` the digest of a generation's sealed rows, by its name and
    version; it may raise ``StorageRefused`` or the driver's error.
    """

    origin: str
    keys: tuple[PublicKey, ...]
    copy: Path
    rows_digest: Callable[[str, int], str]
    names: tuple[Origin, ...] = ()
    """The names that the log has had, the first one first."""
    put_away: tuple[str, ...] = ()
    """Copies that restores have left under earlier names."""
    kept_key: Callable[[str], str | None] | None = None
    """The name of the key that outlives master keys, by what it is for; None if none opens."""
    stored: Stored | None = None
    """What the store of objects has of a material."""

    def open(self, note: str, origin: str | None = None) -> Checkpoint | None:
        """The checkpoint of a note under ``origin``, else the name of now; None if it is none."""
        name = origin or self.origin
        try:
            found = open_checkpoint(note, [(name, key) for key in self.keys])
        except CheckpointInvalid:
            return None
        return found if found.origin == name else None

    def kept(self) -> str | None:
        """The note that is kept; None if there is none."""
        try:
            return self.copy.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


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

    def __init__(self, connection: Connection, persons: PersonKeys, outside: Outside) -> None:
        self._connection = connection
        self._persons = persons
        self._outside = outside
        self._asked = Asked(connection)
        self._replay = Replay(self._asked)
        self._erased = Erased(connection, persons)
        self._destroyed = Destroyed(self._erased)
        self._frontier = Frontier()
        self._shelf = Shelf(connection)
        self._faults: list[Fault] = []
        self._answers = 0
        self._time = 0
        self._earlier = Earlier(outside.names, outside.put_away, outside.open)
        self._kept: Checkpoint | None = None
        """The checkpoint that is kept, until it has been compared."""

    def run(self, progress: Progress) -> Findings:
        """Derive everything again; ``progress`` gets entries done and all."""
        # The copy is written after its commit: read before, it is not beyond what is seen here.
        note = self._outside.kept()
        self._connection.execute("BEGIN")
        try:
            found = self._run(progress, note)
        finally:
            self._connection.execute("ROLLBACK")
            self._asked.close()
            self._erased.close()
            self._destroyed.close()
        self._rows()
        self._pieces()
        return replace(found, faults=tuple(self._faults))

    def _run(self, progress: Progress, note: str | None) -> Findings:
        *head, stopped = self._connection.execute(
            "SELECT next, epoch, last_time, stopped FROM ledger_head"
        ).fetchone()
        published = newest(self._connection)
        size = 0 if published is None else published.size
        self._kept = self._open_kept(note, size)
        expected = 0
        for row in self._connection.execute("SELECT * FROM entries ORDER BY position"):
            self._entry(row, expected, size)
            expected = row[0] + 1
            if published is not None and self._frontier.size == size:
                self._checkpoint(published)
                published = None
            self._compare_kept()
            for why in self._earlier.grown(self._frontier):
                self._fault(-1, why)
            if expected % _STEP == 0:
                progress(expected, head[0])
        if published is not None:
            self._fault(-1, "checkpoint-beyond-entries")
        if self._kept is not None:
            self._fault(-1, "checkpoint-copy")
        if head[:2] != [expected, self._replay.epoch] or head[2] < self._time:
            self._fault(-1, "head")
        self._after_all(["stopped"] if stopped else [])
        progress(expected, head[0])
        return Findings(
            entries=expected,
            answers=self._answers,
            changes=expected - self._answers,
            size=size,
            root=self._frontier.root() if expected else b"",
            faults=tuple(self._faults),
        )

    def _after_all(self, found: list[str]) -> None:
        """What can be said only after the last entry; ``found`` are faults that belong to none."""
        found += ["tile"] * self._shelf.wrong()
        found += compare_tables(self._connection, self._replay)
        found += self._kept_keys()
        found += self._earlier.left()
        for why in found:
            self._fault(-1, why)
        for position, why in self._erased.left():
            self._fault(position, why)

    def _kept_keys(self) -> Iterator[str]:
        """The kept keys that are not those of the register."""
        named = self._outside.kept_key
        for (kind, name), state in self._replay.things.items():
            use = str(state.get("use"))
            if kind == "key" and named is not None and use not in SIGNING and named(use) != name:
                yield "kept-key"

    def _compare_kept(self) -> None:
        """Compare the checkpoint that is kept with the tree, once that has its size."""
        kept = self._kept
        if kept is not None and self._frontier.size == kept.size:
            if self._frontier.root() != kept.root:
                self._fault(-1, "checkpoint-copy")
            self._kept = None

    def _open_kept(self, note: str | None, size: int) -> Checkpoint | None:
        """The checkpoint that is kept, to be compared; none may be missing, or beyond ours."""
        kept = None if note is None else self._outside.open(note)
        if kept is None:
            if note is not None or size:
                self._fault(-1, "checkpoint-copy")
        elif kept.size > size:
            self._fault(-1, "checkpoint-copy")
        return kept

    def _rows(self) -> None:
        """Compare the sealed rows of what is live; after the transaction, for it takes long.

        A generation that was replaced meanwhile may be gone, one that was changed may have lost the
        rows that ended; neither is the log's any more.
        """
        for name, version, expected in live_generations(self._replay):
            try:
                agrees = self._outside.rows_digest(name, version) == expected
            except (StorageRefused, DatabaseError):
                agrees = False
            if not agrees and self._is_live(name, version):
                self._fault(-1, "generation-rows")

    def _pieces(self) -> None:
        """Compare the store of materials; after the transaction, for it takes long."""
        if self._outside.stored is None:
            return
        for name, why in self._destroyed.left(self._replay, self._outside.stored):
            if why == UNFINISHED or not self._is_destroyed(name):
                self._fault(-1, why)

    def _is_destroyed(self, material: str) -> bool:
        """Whether it is gone by now; an entry that was read before may not say so yet."""
        row = self._connection.execute(
            "SELECT 1 FROM materials WHERE id = ? AND status = ?", (material, DESTROYED)
        ).fetchone()
        return row is not None and ("material", material) not in self._replay.destroyed

    def _is_live(self, name: str, version: int) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM datasets WHERE generation = ? AND version = ?", (name, version)
        ).fetchone()
        return row is not None

    def _checkpoint(self, published: Published) -> None:
        """Compare the checkpoint with the tree at its size, and the edge that it grows from."""
        told = Checkpoint(self._outside.origin, published.size, published.root)
        if self._outside.open(published.note) != told:
            self._fault(-1, "checkpoint-note")
        if self._frontier.root() != published.root:
            self._fault(-1, "checkpoint-root")
        try:
            edge = edge_of(self._connection)
        except ProofInvalid:
            edge = None
        if edge is None or edge.nodes != self._frontier.nodes:
            self._fault(-1, "checkpoint-edge")

    def _entry(self, row: _Row, expected: int, size: int) -> None:
        position, data, control, salts, internal, _, _ = row
        hashed = leaf_hash(data)
        if self._frontier.size < size:
            self._shelf.add(hashed)
        self._frontier.append(hashed)
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
        self._follow(position, leaf, members)

    def _follow(self, position: int, leaf: Leaf, control: dict[str, Json]) -> None:
        """Whether an entry may follow those before it, of each thing that is watched."""
        for why in self._replay.step(position, leaf.kind, leaf.time, control):
            self._fault(position, why)
        for watch in (self._erased, self._destroyed):
            for why in watch.step(position, leaf.kind, leaf.time, control, self._replay):
                self._fault(position, why)

    def _person(self, row: _Row, leaf: Leaf) -> None:
        blob, number = row[5], row[6]
        self._erased.part(row[0], number, there=blob is not None)
        if blob is None:
            return
        try:
            salt, part = self._persons.open(blob, number, leaf.person)
        except SealBroken:
            self._fault(row[0], "person-sealed")
            return
        if part_digest("person", salt, part) != leaf.person:
            self._fault(row[0], "person")

    def _fault(self, position: int, why: str) -> None:
        self._faults.append(Fault(position, why))
