"""A small hub without a web: a real ledger in a temporary folder, and a clock that tests set."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from certs.sealing import MasterKey
from certs.tokens import SessionRing, SessionTokens
from hub.access import departments
from hub.ledger.change import OPERATOR, Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.people.passwords import PasswordHash, hash_password
from hub.people.sessions import Sessions
from hub.storage.create import create_control
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection, connect

NOW = 1_790_000_000_000
PASSWORD = "seven small lanterns"


@dataclass
class Time:
    """A clock that stands until a test moves it."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class House:
    """The parts that people need."""

    folder: Folder
    store: LedgerStore
    changes: Changes
    reading: Connection
    persons: PersonKeys
    time: Time = field(default_factory=Time)

    def sessions(self, minutes: int = 30) -> Sessions:
        key = self.folder.keys / "session.key"
        tokens = SessionTokens.load(key, "demo.yifen")
        return Sessions(lambda: SessionRing(tokens), self.reading, self.time, minutes)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = Folder(tmp_path / "hub")
    folder.create()
    create_control(folder)
    SessionTokens.create(folder.keys / "session.key", "demo.yifen")
    master = MasterKey.create(folder.keys / "master.key")
    time = Time()
    store = LedgerStore(folder, time)
    reading = connect(folder.control)
    persons = PersonKeys(reading, MonthKeys(folder.keys, master))
    house = House(folder, store, Changes(store, persons), reading, persons, time)
    departments.admit(house.changes, OPERATOR, "psb", "公安局", "Public security")
    departments.admit(house.changes, OPERATOR, "hfc", "住房公积金中心", "Housing fund")
    yield house
    reading.close()
    store.close()


@pytest.fixture(scope="session")
def hashed() -> PasswordHash:
    """One hash for all: every other would cost 50 ms."""
    return hash_password(PASSWORD, "nobody")
