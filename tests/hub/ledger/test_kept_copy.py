"""Two hubs on two copies of one folder, and all else that may lie where the checkpoint is kept."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from world.time import Time
from world.town import Town, World, open_world

from certs.keys import PrivateKey, generate
from certs.note import Checkpoint, sign_checkpoint
from hub.errors import LedgerBehind, Unavailable
from hub.ledger.checkpoint import newest
from hub.ledger.kept_copy import KeptCopy
from hub.ledger.start import check_head
from hub.runtime import open_hub
from hub.storage.lock import FileLock

ORIGIN = "demo.yifen/ledger/1"


@contextmanager
def twins(town: Town, place: Path) -> Iterator[tuple[World, World]]:
    """Two hubs on two copies of one folder, that keep their checkpoints at one place."""
    shared = place / "outside" / "checkpoint.txt"
    shared.parent.mkdir()
    shutil.copy(town.root / "checkpoint.txt", shared)
    roots = [town.copy(place / name) for name in ("one", "other")]
    for root in roots:
        settings = root / "hub.toml"
        text = settings.read_text(encoding="utf-8")
        changed = text.replace('"checkpoint.txt"', f'"{shared}"')
        settings.write_text(changed, encoding="utf-8")
    time = Time()
    one, other = (World(root, town, open_hub(root, time), time) for root in roots)
    try:
        yield one, other
    finally:
        one.hub.close()
        other.hub.close()


def copy_of(world: World) -> Path:
    return world.hub.settings.checkpoint_copy


def size_of(world: World) -> int:
    published = newest(world.hub.reading)
    assert published is not None
    return published.size


def forked(world: World) -> None:
    """What a hub says that must not go on."""
    assert world.refused(world.nrb.lookup()).facts == {"why": "forked"}
    ready = world.http("GET", "/readyz")
    assert ready.status == 503
    assert ready.document["facts"] == {"why": "forked"}


def test_the_second_of_two_hubs_publishes_nothing_and_stops_answering(
    town: Town, tmp_path: Path
) -> None:
    with twins(town, tmp_path) as (one, other):
        before = size_of(other)
        one.ask(one.nrb.lookup())
        other.ask(other.nrb.lookup())
        assert one.hub.checkpointer.step() is not None
        note = copy_of(one).read_bytes()
        with pytest.raises(Unavailable) as refused:
            other.hub.checkpointer.step()
        assert refused.value.facts == {"why": "forked"}
        assert size_of(other) == before
        assert copy_of(one).read_bytes() == note
        forked(other)
        # The first one goes on.
        assert one.ask(one.nrb.lookup()).status == 200
        assert one.hub.checkpointer.step() is not None


def test_an_idle_hub_sees_that_another_has_gone_on(town: Town, tmp_path: Path) -> None:
    with twins(town, tmp_path) as (one, other):
        assert other.hub.checkpointer.step() is None
        one.ask(one.nrb.lookup())
        one.hub.checkpointer.step()
        with pytest.raises(Unavailable):
            other.hub.checkpointer.publish()
        forked(other)


def test_all_processes_of_a_hub_stop(town: Town, tmp_path: Path) -> None:
    with twins(town, tmp_path) as (one, other):
        beside = other.again()
        one.ask(one.nrb.lookup())
        one.hub.checkpointer.step()
        with pytest.raises(Unavailable):
            other.hub.checkpointer.step()
        forked(beside)
        beside.hub.close()


def test_the_hub_that_is_behind_does_not_start_again(town: Town, tmp_path: Path) -> None:
    with twins(town, tmp_path) as (one, other):
        one.ask(one.nrb.lookup())
        one.hub.checkpointer.step()
        with pytest.raises(LedgerBehind):
            open_hub(other.root, other.time)


def test_a_hub_answers_again_once_the_copy_is_its_own(town: Town, tmp_path: Path) -> None:
    with twins(town, tmp_path) as (one, other):
        own = copy_of(other).read_bytes()
        one.ask(one.nrb.lookup())
        one.hub.checkpointer.step()
        with pytest.raises(Unavailable):
            other.hub.checkpointer.step()
        copy_of(other).write_bytes(own)
        # Not by itself: only a process that has found the log sound at its start says so.
        forked(other)
        again = other.again()
        assert again.ask(again.nrb.lookup()).status == 200
        again.hub.close()


def test_what_stops_a_hub_while_another_process_starts_still_stops_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that starts has looked at the copy before: it does not know better."""

    def then_stopped(*given: object) -> None:
        check_head(*given)  # type: ignore[arg-type]
        world.hub.store.stop("forked")

    monkeypatch.setattr("hub.runtime.check_head", then_stopped)
    beside = world.again()
    forked(beside)
    beside.hub.close()


OTHER = "demo.yifen/ledger/2"
FOREIGN: dict[str, Callable[[PrivateKey, int, bytes], str]] = {
    "another root": lambda own, size, _: sign(own, Checkpoint(ORIGIN, size, bytes(32))),
    "an older size": lambda own, size, root: sign(own, Checkpoint(ORIGIN, size - 1, root)),
    "beyond the log": lambda own, size, root: sign(own, Checkpoint(ORIGIN, size + 1, root)),
    "of a later name": lambda own, size, root: sign(own, Checkpoint(OTHER, size, root), OTHER),
    "of a later name, under this one's key": lambda own, size, root: sign(
        own, Checkpoint(OTHER, size, root)
    ),
    "under another key": lambda _, size, root: sign(
        generate("ed25519"), Checkpoint(ORIGIN, size, root)
    ),
    "no note": lambda _own, _size, _root: "nothing",
    "no text": lambda _own, _size, _root: "\udcff",
}


def sign(key: PrivateKey, checkpoint: Checkpoint, name: str = ORIGIN) -> str:
    return sign_checkpoint(checkpoint, name, key)


@pytest.mark.parametrize("what", FOREIGN)
def test_a_checkpoint_that_is_not_of_this_log_is_never_overwritten(world: World, what: str) -> None:
    own = PrivateKey.load(world.hub.folder.keys / "checkpoint.key")
    world.hub.checkpointer.step()
    published = newest(world.hub.reading)
    assert published is not None
    text = FOREIGN[what](own, published.size, published.root)
    copy_of(world).write_bytes(text.encode("utf-8", "surrogateescape"))
    world.ask(world.nrb.lookup())
    with pytest.raises(Unavailable):
        world.hub.checkpointer.step()
    assert copy_of(world).read_bytes() == text.encode("utf-8", "surrogateescape")
    assert size_of(world) == published.size
    forked(world)


def test_an_older_checkpoint_of_this_log_is_overwritten(world: World) -> None:
    """As a hub leaves it that dies between its commit and the copy, or who put it back by hand."""
    older = copy_of(world).read_bytes()
    world.ask(world.nrb.lookup())
    assert world.hub.checkpointer.step() is not None
    copy_of(world).write_bytes(older)
    world.ask(world.nrb.lookup())
    published = world.hub.checkpointer.step()
    assert published is not None
    assert copy_of(world).read_text(encoding="utf-8") == published.note


def test_a_copy_that_was_taken_away_is_written_again(world: World) -> None:
    world.hub.checkpointer.step()
    copy_of(world).unlink()
    world.ask(world.nrb.lookup())
    assert world.hub.checkpointer.step() is not None
    assert copy_of(world).exists()


def test_nothing_is_published_while_another_hub_is_at_the_copy(world: World) -> None:
    lock = FileLock(copy_of(world).with_name("checkpoint.txt.lock"))
    assert lock.try_acquire()
    world.ask(world.nrb.lookup())
    before = size_of(world)
    assert world.hub.checkpointer.step() is None
    assert size_of(world) == before
    lock.close()
    published = world.hub.checkpointer.step()
    assert published is not None
    assert published.size == world.entries()


def test_a_copy_that_cannot_be_looked_at_is_not_published_past(world: World) -> None:
    world.hub.checkpointer.step()
    hidden = copy_of(world).parent / "loop"
    hidden.symlink_to(hidden)
    kept = KeptCopy(hidden / "checkpoint.txt", list)
    with pytest.raises(Unavailable) as refused:
        kept.check(lambda _size: bytes(32))
    assert refused.value.facts == {"why": "checkpoint-copy"}


def test_looking_at_one_s_own_copy_reads_nothing(world: World) -> None:
    """Twice a second for years: a ``stat``, and no more while nobody has touched the file."""
    reads: list[int] = []

    def root_at(size: int) -> bytes:
        reads.append(size)
        return published.root

    world.ask(world.nrb.lookup())
    published = world.hub.checkpointer.step()
    assert published is not None
    trusted = [(ORIGIN, world.hub.checkpoint_key)]
    kept = KeptCopy(copy_of(world), lambda: trusted)
    for _ in range(5):
        kept.check(root_at)
    assert reads == [published.size]
    os.utime(copy_of(world))
    kept.check(root_at)
    assert reads == [published.size] * 2


def test_worker_of_a_stopped_hub_that_starts_again_looks_at_the_copy(
    town: Town, tmp_path: Path
) -> None:
    with open_world(town, tmp_path / "hub") as world:
        world.hub.store.stop("forked")
        forked(world)
        again = world.again()
        assert again.ask(again.nrb.lookup()).status == 200
        again.hub.close()
