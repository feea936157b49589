"""What a restored database has lost, and the entry that opens its log again under a new name.

Restored from a backup, a database may be behind what has left the house: receipts and checkpoints
name positions that it would give out a second time. So the log goes on as the next origin, whose
first entry binds the newest checkpoint that is known of the old one and names what is lost. What
was kept keeps its positions.

That the kept part is the beginning of what was published cannot be proven here: the tree of a
larger size says nothing about a smaller one without a proof, and what could prove it is lost. It
is compared with every checkpoint known that is not beyond it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from certs.canonical import Json
from certs.errors import CheckpointInvalid, LeafMismatch
from certs.keys import PublicKey
from certs.leaf import read_leaf
from certs.note import Checkpoint, open_checkpoint
from certs.tree import Frontier, leaf_hash
from hub.errors import NotesContradict, NoteUnusable, NotThisLog
from hub.ledger.checkpoint import newest
from hub.ledger.openable import RESTORE
from hub.ledger.origin import Origin, number_of, origin_of, origins
from hub.storage.sqlite import Connection


@dataclass(frozen=True, slots=True)
class KnownNote:
    """A checkpoint of this hub that lies outside the database; ``number`` is its origin's."""

    file: str
    text: str
    checkpoint: Checkpoint
    number: int

    @property
    def rank(self) -> tuple[int, int]:
        """Later names come after earlier ones, larger sizes after smaller ones."""
        return self.number, self.checkpoint.size


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a database and of the log that it was.

    ``kept`` entries are there, of which its own newest checkpoint covers ``published``; the last
    was made at ``time`` (milliseconds). ``agreed`` are the sizes at which a known checkpoint has
    its root.
    """

    hub: str
    current: Origin
    kept: int
    published: int
    time: int
    newest: KnownNote | None
    agreed: tuple[int, ...]

    @property
    def behind(self) -> bool:
        """Whether a checkpoint has left the house that this database does not know of."""
        return self.newest is not None and self.newest.rank > (self.current.number, self.published)

    @property
    def opens(self) -> int:
        """The number of the origin that a restore opens: one that nobody has ever used."""
        known = self.current.number if self.newest is None else self.newest.number
        return max(known, self.current.number) + 1

    @property
    def lost_to(self) -> int | None:
        """The end of what is known to be lost, from ``kept`` on; None if nobody knows."""
        return None if self.newest is None else max(self.kept, self.newest.checkpoint.size)

    def state(self) -> dict[str, Json]:
        """The state that the restore's entry holds."""
        note = self.newest
        return {
            "act": RESTORE,
            "checkpoint": None if note is None else note.text,
            "from": self.current.text if note is None else note.checkpoint.origin,
            "kept": self.kept,
            "lost": [self.kept, self.lost_to],
            "origin": origin_of(self.hub, self.opens),
        }


def read_note(file: str, text: str, hub: str, keys: Sequence[PublicKey]) -> KnownNote:
    """A checkpoint that this hub signed under any name of its log; raises ``NoteUnusable``."""
    name = text.partition("\n")[0]
    number = number_of(hub, name)
    if number is None:
        raise NoteUnusable(file=file)
    try:
        checkpoint = open_checkpoint(text, [(name, key) for key in keys])
    except CheckpointInvalid as error:
        raise NoteUnusable(file=file) from error
    return KnownNote(file, text, checkpoint, number)


def survey(connection: Connection, hub: str, notes: Sequence[KnownNote]) -> Survey:
    """Compare a database with all that is known outside.

    Raises ``NotesContradict`` if two checkpoints cannot both be true, and ``NotThisLog`` if the
    entries are not those that a checkpoint covers, or if some are missing among them.
    """
    names = origins(connection, hub)
    _refuse_contradictions(notes)
    (kept,) = connection.execute("SELECT next FROM ledger_head").fetchone()
    known = newest(connection)
    published = 0 if known is None else known.size
    ends = _ends(names, kept)
    expected = {
        note.checkpoint.size: note.checkpoint.root
        for note in notes
        if note.checkpoint.size <= ends.get(note.number, -1)
    }
    if known is not None and expected.setdefault(known.size, known.root) != known.root:
        raise NotThisLog(size=known.size)
    time = _compare(connection, kept, expected)
    current = names[-1]
    of_now = [note for note in notes if note.number >= current.number]
    return Survey(
        hub=hub,
        current=current,
        kept=kept,
        published=published,
        time=time,
        newest=max(of_now, key=lambda note: note.rank, default=None),
        agreed=tuple(sorted(expected)),
    )


def _refuse_contradictions(notes: Sequence[KnownNote]) -> None:
    roots: dict[tuple[int, int], bytes] = {}
    for note in notes:
        if roots.setdefault(note.rank, note.checkpoint.root) != note.checkpoint.root:
            raise NotesContradict(size=note.checkpoint.size)


def _ends(names: Sequence[Origin], kept: int) -> dict[int, int]:
    """By number of an origin, how far what was published under it is still the beginning."""
    ends = [later.first for later in names[1:]] + [kept]
    return {name.number: end for name, end in zip(names, ends, strict=True)}


def _compare(connection: Connection, kept: int, expected: dict[int, bytes]) -> int:
    """Derive the tree again and compare it; gives the time of the last entry."""
    frontier, last = Frontier(), b""
    rows = connection.execute("SELECT position, leaf FROM entries ORDER BY position")
    for position, leaf in rows:
        if position != frontier.size:
            raise NotThisLog(size=frontier.size)
        frontier.append(leaf_hash(leaf))
        last = leaf
        root = expected.get(frontier.size)
        if root is not None and root != frontier.root():
            raise NotThisLog(size=frontier.size)
    if frontier.size != kept or max(expected, default=0) > kept:
        raise NotThisLog(size=max([frontier.size, *expected]))
    try:
        return read_leaf(last).time if last else 0
    except LeafMismatch as error:
        raise NotThisLog(size=kept) from error
