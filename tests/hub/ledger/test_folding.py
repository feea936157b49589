"""The write-ahead log is folded back beside the commits, and never grows without end."""

import threading
import time
from pathlib import Path

from world.town import World

from hub.ledger.folding import BOUND, Folding
from hub.storage.sqlite import connect


def pages_in_log(database: Path) -> int:
    """Pages that the log's file has room for."""
    log = database.with_name(database.name + "-wal")
    return log.stat().st_size // 4096


def test_a_commit_leaves_its_pages_to_the_folding(world: World) -> None:
    store = world.hub.store
    folding = Folding(world.hub.folder, store)
    connection = connect(world.hub.folder.control)
    (before,) = connection.execute("SELECT next FROM ledger_head").fetchone()
    for _ in range(1200):
        with store.locked() as head:
            head.epoch += 1
    assert pages_in_log(world.hub.folder.control) > 1100
    assert folding.fold() == 0
    # Everything lies in the database itself now: the next commit starts the log over.
    with store.locked() as head:
        head.epoch += 1
    assert folding.fold() == 0
    (pages,) = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()[1:2]
    assert pages < 10
    assert connection.execute("SELECT next FROM ledger_head").fetchone() == (before,)
    folding.end()


def test_a_log_that_nobody_folds_is_bounded(world: World) -> None:
    store = world.hub.store
    folding = Folding(world.hub.folder, store)
    payload = b"x" * 4000
    store.connection.execute("CREATE TABLE filler (id INTEGER PRIMARY KEY, data BLOB)")
    for _ in range(3 * BOUND // 1000):
        with store.locked():
            store.connection.executemany(
                "INSERT INTO filler (data) VALUES (?)", [(payload,)] * 1000
            )
    assert pages_in_log(world.hub.folder.control) < BOUND + 2 * 1200
    folding.end()


def test_it_folds_by_itself_until_it_is_ended(world: World) -> None:
    store = world.hub.store
    connection = connect(world.hub.folder.control)
    folding = Folding(world.hub.folder, store)
    folding.start()
    for _ in range(50):
        with store.locked() as head:
            head.epoch += 1
    pause, deadline = threading.Event(), time.monotonic() + 20
    while True:
        _, pages, folded = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        if folded == pages:
            break
        assert time.monotonic() < deadline
        pause.wait(0.02)
    folding.end()
    assert not folding.is_alive()


def test_it_leaves_the_log_of_a_broken_store_alone(world: World) -> None:
    store = world.hub.store
    folding = Folding(world.hub.folder, store)
    store.judge(OSError("disk I/O error"))
    folding.start()
    folding.join(20)
    assert not folding.is_alive()
