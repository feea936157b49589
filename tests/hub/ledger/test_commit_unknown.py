"""A transaction that met an I/O error answers nobody, and its process writes nothing any more.

The I/O error is real: the kernel refuses to let files of this process grow beyond a limit.
"""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.town import World

from certs.canonical import canonical
from hub.errors import Unavailable
from hub.ledger.change import Actor, Changes
from hub.ledger.fold import fold_log
from hub.ledger.group import GroupCommit
from hub.storage.lock import FileLock
from hub.storage.tables import DepartmentRow

if TYPE_CHECKING:
    from conftest import Book


def log_of(root: Path) -> Path:
    return root / "control.db-wal"


@contextmanager
def no_file_grows(beyond: int) -> Iterator[None]:
    """Writes past so many bytes of any file fail with EFBIG, which is SQLITE_IOERR to SQLite."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing_disk(root: Path) -> Iterator[None]:
    with no_file_grows(log_of(root).stat().st_size + 1):
        yield


@contextmanager
def full_disk(book: "Book") -> Iterator[None]:
    """The database may have no more pages than it has: SQLITE_FULL."""
    connection = book.store.connection
    ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
    connection.execute(f"PRAGMA max_page_count={pages}")
    try:
        yield
    finally:
        connection.execute("PRAGMA max_page_count=4294967294")


def big(book: "Book") -> "Book":
    """A few entries, so that the log has pages that later transactions write again."""
    for _ in range(3):
        book.one(book.attempt())
    return book


def test_an_io_error_answers_nobody_in_the_group(book: "Book") -> None:
    big(book)
    group = GroupCommit(book.committer, window_ms=5)
    attempts = [book.attempt() for _ in range(3)]

    async def all_at_once() -> list[object]:
        submitted = [asyncio.ensure_future(group.submit(attempt)) for attempt in attempts]
        with failing_disk(book.folder.root):
            return await asyncio.gather(*submitted, return_exceptions=True)

    told = asyncio.run(all_at_once())
    assert [type(one) for one in told] == [Unavailable] * 3
    assert book.store.broken


def test_a_broken_store_writes_nothing_although_the_disk_is_well_again(book: "Book") -> None:
    big(book)
    ends: list[str] = []
    book.store.when_broken(lambda: ends.append("end"))
    attempt, later = book.attempt(), book.attempt()
    with failing_disk(book.folder.root), pytest.raises(Unavailable):
        book.committer.commit([attempt])
    assert ends == ["end"]
    written = log_of(book.folder.root).read_bytes()
    for _ in range(2):
        with pytest.raises(Unavailable) as told:
            book.committer.commit([later])
        assert told.value.facts == {"why": "database"}
    assert log_of(book.folder.root).read_bytes() == written
    assert ends == ["end"]


def test_an_io_error_in_the_middle_of_a_change_breaks_the_store_too(book: "Book") -> None:
    changes = Changes(book.store, book.persons)
    with changes.change(Actor("operator")) as change:
        change.append("department", {})
    # So little memory that rows are written to the log before the transaction ends.
    book.store.connection.execute("PRAGMA cache_size=1")
    with pytest.raises(Unavailable):
        admit_many(changes, book)
    assert book.store.broken


def admit_many(changes: Changes, book: "Book") -> None:
    with changes.change(Actor("operator")) as change, failing_disk(book.folder.root):
        for number in range(200):
            row = DepartmentRow(
                code=f"d{number}", title_zh="甲" * 4000, title_en="", status="active"
            )
            change.session.add(row)
        change.session.flush()


def test_what_breaks_the_tables_rules_does_not_break_the_store(book: "Book") -> None:
    with pytest.raises(Unavailable), book.store.locked():
        book.store.connection.execute("INSERT INTO ledger_head SELECT * FROM ledger_head")
    assert not book.store.broken


def test_a_full_disk_undoes_the_group_and_the_hub_goes_on_when_there_is_room(
    book: "Book",
) -> None:
    big(book)
    before = book.positions()
    huge = book.attempt(control={"number": 1, "filler": "x" * 100_000, "repeats": None})
    with full_disk(book), pytest.raises(Unavailable):
        book.committer.commit([huge])
    assert not book.store.broken
    assert book.positions() == before
    # Its nonce and its position are free again.
    assert book.one(huge).position == len(before)  # type: ignore[union-attr]


def test_a_hub_that_is_broken_is_not_ready(world: World) -> None:
    assert world.http("GET", "/readyz").status == 200
    world.ask(world.nrb.lookup())
    question = world.nrb.question()
    sent = world.nrb.sign("POST", "/v1/datasets/resident/lookup", canonical(question))
    with failing_disk(world.root):
        assert world.call(sent).status == 503
    told = world.http("GET", "/readyz")
    assert (told.status, told.code) == (503, "unavailable")
    assert world.call(world.nrb.lookup()).status == 503
    assert world.http("GET", "/healthz").status == 200


def test_the_log_is_folded_in_before_a_hub_serves(book: "Book") -> None:
    big(book)
    entries = book.positions()
    assert log_of(book.folder.root).stat().st_size > 0
    assert fold_log(book.folder)
    assert log_of(book.folder.root).stat().st_size == 0
    assert book.positions() == entries


def test_the_log_of_a_hub_that_serves_is_left_alone(book: "Book") -> None:
    big(book)
    serving = FileLock(book.folder.serving)
    serving.share()
    before = log_of(book.folder.root).read_bytes()
    assert not fold_log(book.folder)
    assert log_of(book.folder.root).read_bytes() == before
    serving.close()


def test_a_log_that_cannot_be_written_anew_is_not_served(book: "Book") -> None:
    big(book)
    with no_file_grows(100), pytest.raises(Unavailable):
        fold_log(book.folder)
