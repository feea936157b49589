"""A ledger without anything else: its store, its committer, and attempts made by hand."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from world.time import HOUR, NOW, Time
from world.town import Town
from world.watched import Watched, watched

from certs.canonical import Json, parse
from certs.leaf import SALT_BYTES
from certs.sealing import MasterKey
from hub.ledger.attempt import Attempt, Bounce, Charge, Entered, Nonce, QuestionKey
from hub.ledger.committer import Committer
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys, seal_person
from hub.ledger.store import LedgerStore
from hub.lookup.ask import NOBODY
from hub.storage.create import create_control
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

MISMATCHES = 5
_ids = itertools.count(1)


@dataclass
class Book:
    """One ledger; ``store`` is the first of the processes that write it."""

    folder: Folder
    time: Time
    master: MasterKey
    store: LedgerStore
    committer: Committer
    persons: PersonKeys
    others: list[LedgerStore] = field(default_factory=list)

    def another(self, time: Time | None = None) -> Committer:
        """A committer over a store of its own, as another process would have it."""
        store = LedgerStore(self.folder, time or self.time)
        self.others.append(store)
        return Committer(store, mismatches_per_hour=MISMATCHES)

    def restart(self) -> None:
        """End the first process and start it again."""
        self.store.close()
        self.store = LedgerStore(self.folder, self.time)
        self.committer = Committer(self.store, mismatches_per_hour=MISMATCHES)

    def attempt(
        self,
        *,
        nonce: Nonce | None = None,
        epoch: int | None = 0,
        question: QuestionKey | None = None,
        charge: Charge | None = None,
        mismatch: int | None = None,
        guarded: int | None = None,
        not_before: int = NOW - HOUR,
        not_after: int = NOW + 48 * HOUR,
        control: dict[str, Json] | None = None,
    ) -> Attempt:
        """An attempt that nothing stands against; its nonce is fresh unless given."""
        number = next(_ids)
        key = self.persons.current("default", self.time(), self.store)
        return Attempt(
            id=number,
            kind="lookup",
            nonce=nonce or fresh(self.time),
            question=question,
            epoch=epoch,
            not_before=not_before,
            not_after=not_after,
            charge=charge,
            mismatch=mismatch,
            guarded=guarded,
            control=control or {"number": number, "repeats": None},
            control_salt=os.urandom(SALT_BYTES),
            internal=b'{"reason":""}',
            internal_salt=os.urandom(SALT_BYTES),
            person=seal_person(NOBODY, os.urandom(SALT_BYTES), key),
        )

    def odd(self) -> Attempt:
        """An attempt that is fine and still keeps its group off the quick way."""
        return self.attempt(mismatch=next(_ids))

    def one(self, attempt: Attempt) -> Entered | Bounce:
        (result,) = self.committer.commit([attempt])
        return result

    def rows(self, what: str) -> list[tuple[Json, ...]]:
        """Rows of a query, on the writing connection."""
        found: list[tuple[Json, ...]] = self.store.connection.execute(what).fetchall()
        return found

    def positions(self) -> list[Json]:
        return [row[0] for row in self.rows("SELECT position FROM entries ORDER BY position")]

    def control(self, position: int) -> dict[str, Json]:
        ((data,),) = self.store.connection.execute(
            "SELECT control FROM entries WHERE position = ?", (position,)
        ).fetchall()
        value = parse(data, max_bytes=1 << 16, max_depth=5)
        assert isinstance(value, dict)
        return value


def fresh(time: Time, *, ends: int = 60) -> Nonce:
    """A nonce never used; ``ends`` seconds from now."""
    return Nonce.of(int.from_bytes(os.urandom(8), "big") >> 1, time() // 1000 + ends)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    folder = Folder(tmp_path / "hub")
    folder.create()
    create_control(folder)
    time = Time()
    master = MasterKey.create(folder.keys / "master.key")
    store = LedgerStore(folder, time)
    reading = connect(folder.control)
    committer = Committer(store, mismatches_per_hour=MISMATCHES)
    persons = PersonKeys(reading, MonthKeys(folder.keys, master))
    book = Book(folder, time, master, store, committer, persons)
    yield book
    for other in book.others:
        other.close()
    reading.close()
    book.store.close()


@pytest.fixture
def unseen(town: Town, tmp_path: Path) -> Iterator[Watched]:
    """Three witnesses, of whom two must cosign within five minutes, and who were never asked."""
    with watched(town, tmp_path) as opened:
        opened.publish()
        yield opened


@pytest.fixture
def here(unseen: Watched) -> Watched:
    """The same after all of them have cosigned what there was."""
    unseen.round()
    unseen.wires.asked.clear()
    return unseen
