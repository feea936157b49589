"""Checkpoints and tiles against a tree written as RFC 6962 does, and who may publish."""

import hashlib
import stat
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world.town import World

from certs.encoding import unb64u
from certs.errors import CheckpointInvalid
from certs.keys import PrivateKey, generate
from certs.note import open_checkpoint, parse_vkey
from certs.tree import root_at, verify_consistency, verify_inclusion
from hub.errors import LedgerBehind, NotFound, Unavailable
from hub.ledger.checkpoint import BATCH, TILE, Checkpointer, newest, node_of
from hub.ledger.proofs import Proofs
from hub.ledger.signers import OneSigner
from hub.settings import Settings
from hub.storage.sqlite import connect

if TYPE_CHECKING:
    from conftest import Book

ORIGIN = "demo.yifen/ledger/1"


def leaf(position: int) -> bytes:
    return b"leaf %d" % position


@cache
def naive(begin: int, end: int) -> bytes:
    """MTH(D[begin:end]) of RFC 6962 §2.1, word for word."""
    count = end - begin
    if count == 1:
        return hashlib.sha256(b"\x00" + leaf(begin)).digest()
    split = 1
    while split * 2 < count:
        split *= 2
    both = naive(begin, begin + split) + naive(begin + split, end)
    return hashlib.sha256(b"\x01" + both).digest()


class Log:
    """A ledger that grows cheaply, with its checkpointer and proofs."""

    def __init__(self, book: "Book") -> None:
        self.book = book
        self.size = 0
        self.key = generate("ed25519")
        self.settings = Settings(
            name="demo.yifen",
            public_origin="http://127.0.0.1:8440",
            master_key=book.folder.keys / "master.key",
            checkpoint_copy=book.folder.root / "checkpoint.txt",
        )
        self.reading = connect(book.folder.control)
        self.checkpointer = self.another()
        self.proofs = Proofs(self.reading)

    def another(self) -> Checkpointer:
        return Checkpointer(
            self.book.store,
            self.reading,
            ORIGIN,
            self.settings.checkpoint_copy,
            self.book.folder,
            OneSigner(self.key),
        )

    def grow(self, count: int) -> None:
        rows = [(n, leaf(n), b"", b"", b"", None, 1) for n in range(self.size, self.size + count)]
        with self.book.store.locked() as head:
            self.book.store.insert(rows)
            head.next += count
        self.size += count

    def publish(self) -> None:
        """Step until there is nothing left."""
        while self.checkpointer.step() is not None:
            pass


@pytest.fixture
def log(book: "Book") -> Iterator[Log]:
    log = Log(book)
    yield log
    log.checkpointer.close()
    log.reading.close()


# -- the tree -------------------------------------------------------------------------------------
SIZES = (1, 2, 3, 255, 256, 257, 511, 512, 513, 1000)


@pytest.mark.parametrize("size", SIZES)
def test_a_root_is_the_naive_trees(log: Log, size: int) -> None:
    log.grow(size)
    published = log.checkpointer.step()
    assert published is not None
    assert (published.size, published.root) == (size, naive(0, size))
    read = open_checkpoint(published.note, [(ORIGIN, log.key.public)])
    assert (read.origin, read.size, read.root) == (ORIGIN, size, naive(0, size))


def test_tiles_hold_every_size_around_65_536(log: Log) -> None:
    """Two full levels of tiles and the leaves just before and after their edges."""
    edges = [1, TILE, 2 * TILE - 1, 40_000, TILE * TILE - 1, TILE * TILE, TILE * TILE + 1]
    for size in edges:
        log.grow(size - log.size)
        log.publish()
        assert log.proofs.checkpoint().size == size
        assert log.proofs.checkpoint().root == naive(0, size)
    size = log.size
    for index in (0, 1, 255, 256, 257, 32_768, 65_279, 65_280, 65_534, 65_535, 65_536):
        proof = log.proofs.inclusion(index, size)
        verify_inclusion(naive(index, index + 1), index, size, proof, naive(0, size))
    for index in (0, 255, 65_280, 65_534):
        proof = log.proofs.inclusion(index, TILE * TILE - 1)
        root = naive(0, TILE * TILE - 1)
        verify_inclusion(naive(index, index + 1), index, TILE * TILE - 1, proof, root)
    for first in edges:
        for second in edges[edges.index(first) :]:
            proof = log.proofs.consistency(first, second)
            verify_consistency(first, second, proof, naive(0, first), naive(0, second))
    counts = dict(log.book.rows("SELECT level, count(*) FROM tiles GROUP BY level"))
    assert counts == {0: 257, 1: 1, 2: 1}


def test_what_is_taken_in_bit_by_bit_is_published_at_once(log: Log) -> None:
    log.grow(BATCH + 1)
    assert log.checkpointer.absorb() is True
    assert newest(log.reading) is None
    assert log.checkpointer.absorb() is False
    published = log.checkpointer.publish()
    assert published is not None
    assert (published.size, published.root) == (BATCH + 1, naive(0, BATCH + 1))
    assert log.checkpointer.publish() is None
    assert log.checkpointer.step() is None


def test_a_checkpoint_that_could_not_be_stored_is_published_later(log: Log) -> None:
    log.grow(3)
    log.checkpointer.absorb()
    log.book.store.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(Unavailable):
        log.checkpointer.publish()
    log.book.store.connection.execute("PRAGMA query_only=OFF")
    log.grow(1)
    log.checkpointer.absorb()
    published = log.checkpointer.publish()
    assert published is not None
    assert (published.size, published.root) == (4, naive(0, 4))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_however_it_grows_every_proof_holds(make_log: Callable[[], Log], steps: list[int]) -> None:
    log = make_log()
    sizes = []
    for step in steps:
        log.grow(step)
        assert log.checkpointer.step() is not None
        sizes.append(log.size)
        assert log.proofs.checkpoint().root == naive(0, log.size)
    for second in sizes:
        for first in sizes[: sizes.index(second) + 1]:
            proof = log.proofs.consistency(first, second)
            verify_consistency(first, second, proof, naive(0, first), naive(0, second))
        for index in {0, second // 2, second - 1}:
            proof = log.proofs.inclusion(index, second)
            verify_inclusion(naive(index, index + 1), index, second, proof, naive(0, second))
    assert root_at(log.size, lambda level, n: node_of(log.reading, level, n)) == naive(0, log.size)
    log.checkpointer.close()
    log.reading.close()


@pytest.fixture
def make_log(book: "Book") -> Callable[[], Log]:
    """Empties the ledger for each example."""

    def make() -> Log:
        for table in ("entries", "tiles", "checkpoints"):
            book.store.connection.execute(f"DELETE FROM {table}")  # noqa: S608 our own names
        (book.folder.root / "checkpoint.txt").unlink(missing_ok=True)
        return Log(book)

    return make


def test_a_node_beyond_the_tree_is_told_and_not_invented(log: Log) -> None:
    log.grow(5)
    log.publish()
    for level, index in ((0, 5), (1, 2), (2, 1), (3, 0), (8, 0), (16, 0)):
        with pytest.raises(LedgerBehind):
            node_of(log.reading, level, index)


# -- who publishes --------------------------------------------------------------------------------
def test_nothing_new_publishes_nothing(log: Log) -> None:
    assert log.checkpointer.step() is None
    assert newest(log.reading) is None
    log.grow(3)
    assert log.checkpointer.step() is not None
    assert log.checkpointer.step() is None


def test_only_the_holder_of_the_lease_publishes(log: Log) -> None:
    log.grow(2)
    other = log.another()
    assert log.checkpointer.step() is not None
    log.grow(2)
    assert other.step() is None
    assert newest(log.reading) is not None
    assert newest(log.reading).size == 2  # type: ignore[union-attr]
    log.checkpointer.close()
    taken = other.step()
    assert taken is not None
    assert taken.size == 4
    log.checkpointer = other


@pytest.mark.parametrize("before", [0, 3])
def test_a_stale_holder_publishes_nothing(log: Log, before: int) -> None:
    """Two hold a lease, as when the file of the first was taken away beneath it."""
    log.grow(before)
    log.publish()
    log.grow(4)
    stale_view = connect(log.book.folder.control)
    stale = Checkpointer(
        log.book.store,
        stale_view,
        ORIGIN,
        log.settings.checkpoint_copy,
        log.book.folder,
        OneSigner(log.key),
    )
    # The stale one has the lease and has seen the entries, and nothing that came after.
    log.checkpointer.close()
    log.book.folder.checkpointer.unlink()
    rightful = log.checkpointer = log.another()
    stale_view.execute("BEGIN")
    stale_view.execute("SELECT size FROM checkpoints").fetchall()
    log.grow(2)
    published = rightful.step()
    assert published is not None
    assert published.size == before + 6
    tiles = log.book.rows("SELECT * FROM tiles")
    assert stale.step() is None
    stale_view.execute("ROLLBACK")
    assert log.proofs.checkpoint() == published
    assert log.book.rows("SELECT * FROM tiles") == tiles
    assert log.settings.checkpoint_copy.read_text(encoding="utf-8") == published.note
    stale.close()
    stale_view.close()


def test_the_newest_checkpoint_is_kept_outside_for_its_owner_alone(log: Log) -> None:
    for _ in range(3):
        log.grow(1)
        published = log.checkpointer.step()
        assert published is not None
        copy = log.settings.checkpoint_copy
        assert copy.read_text(encoding="utf-8") == published.note
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    beside = [path.name for path in copy.parent.iterdir() if path.name.startswith(".")]
    assert beside == []


def test_what_a_copy_that_was_cut_off_has_left_is_removed(log: Log) -> None:
    copy = log.settings.checkpoint_copy
    left = copy.with_name(f".{copy.name}.0123abcd")
    other = copy.with_name(f"{copy.name}.ledger-1")
    for path in (left, other):
        path.write_text("half", "utf-8")
    log.grow(1)
    log.publish()
    assert not left.exists()
    assert other.exists()
    assert list(copy.parent.glob(f".{copy.name}.*")) == []


def test_a_checkpoint_of_another_key_is_not_ours(log: Log) -> None:
    log.grow(1)
    published = log.checkpointer.step()
    assert published is not None
    with pytest.raises(CheckpointInvalid):
        open_checkpoint(published.note, [(ORIGIN, generate("ed25519").public)])


# -- over HTTP ------------------------------------------------------------------------------------
def test_proofs_over_http_hold_for_every_entry(world: World) -> None:
    for _ in range(3):
        world.ask(world.nrb.lookup())
        world.hub.checkpointer.step()
    about = world.http("GET", "/.well-known/yifen").document
    assert isinstance(about["ledger"], dict)
    name, key = parse_vkey(str(about["ledger"]["vkey"]))
    note = world.http("GET", "/ledger/checkpoint")
    assert note.headers["content-type"].startswith("text/plain")
    head = open_checkpoint(note.body.decode(), [(name, key)])
    assert (head.origin, head.size) == (ORIGIN, world.entries())
    for index in range(head.size):
        told = world.http("GET", f"/ledger/inclusion?index={index}&size={head.size}").document
        ((data,),) = world.hub.reading.execute(
            "SELECT leaf FROM entries WHERE position = ?", (index,)
        ).fetchall()
        hashed = hashlib.sha256(b"\x00" + data).digest()
        verify_inclusion(hashed, index, head.size, _hashes(told["proof"]), head.root)
    for first in range(1, head.size + 1):
        older = root_at(first, lambda level, n: node_of(world.hub.reading, level, n))
        told = world.http("GET", f"/ledger/consistency?first={first}&second={head.size}").document
        verify_consistency(first, head.size, _hashes(told["proof"]), older, head.root)


def _hashes(proof: object) -> list[bytes]:
    assert isinstance(proof, list)
    return [unb64u(str(one)) for one in proof]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("inclusion?index=5&size=5", 404),
        ("inclusion?index=0&size=100000", 404),
        ("inclusion?index=0&size=99999999999999999999", 422),
        ("inclusion?index=99999999999999999999&size=99999999999999999999", 422),
        ("consistency?first=2&second=1", 404),
        ("consistency?first=1&second=100000", 404),
        ("inclusion?index=-1&size=1", 422),
        ("inclusion?index=0&size=0", 422),
        ("inclusion?index=a&size=1", 422),
        ("inclusion?index=1.5&size=2", 422),
        ("inclusion?index=1", 422),
        ("inclusion", 422),
        ("consistency?first=0&second=1", 422),
        ("consistency?first=&second=1", 422),
        ("nothing", 404),
    ],
)
def test_a_proof_that_there_is_not_is_a_problem_and_no_failure(
    world: World, path: str, status: int
) -> None:
    answer = world.http("GET", f"/ledger/{path}")
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["status"] == status


def test_before_the_first_checkpoint_there_is_none(log: Log) -> None:
    log.grow(3)
    with pytest.raises(NotFound):
        log.proofs.checkpoint()
    with pytest.raises(NotFound):
        log.proofs.inclusion(0, 1)
    assert isinstance(log.key, PrivateKey)
