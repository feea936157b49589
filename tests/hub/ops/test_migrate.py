"""A hub from before month keys is brought over: nothing stays wrapped by the master key."""

import os
import shutil
from pathlib import Path

import pytest
from alembic import command
from world.aging import traces
from world.time import NOW, Time
from world.town import Town, World, open_world

from certs.canonical import canonical
from certs.errors import SealBroken
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from certs.sealing import KEY_BYTES, MasterKey, SealingKey
from hub.errors import StorageRefused
from hub.ledger import bring_over
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ops.migrate import migrate
from hub.runtime import open_hub
from hub.storage.create import NEWEST, _config, _engine, revision
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import connect

SETTINGS = """\
name = "old.yifen"
public_origin = "http://127.0.0.1:8440"
master_key = "keys/master.key"
checkpoint_copy = "checkpoint.txt"
"""
PART = canonical({"case": None, "officer": "nrb.officer", "subject": None})
KEYS = 200
"""Enough for a table of several pages: what SQLite left in between must be gone too."""


class Old:
    """A folder as the release before left it."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root)
        self.folder.create()
        self.folder.settings.write_text(SETTINGS, encoding="utf-8")
        self.master = MasterKey.create(self.folder.keys / "master.key")
        engine, config = _engine(self.folder, "rwc"), _config()
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            connection.commit()
        engine.dispose()
        self.wrapped: list[bytes] = []
        connection = connect(self.folder.control)
        connection.execute("BEGIN")
        for number in range(KEYS):
            retention = ("default", "credit")[number % 2]
            in_month = f"2026-{1 + number % 8:02}"
            key = os.urandom(KEY_BYTES)
            self.wrapped.append(self.master.wrap(key, f"person/{retention}/{in_month}"))
            connection.execute(
                "INSERT INTO person_keys VALUES (?, ?, ?, ?)",
                (number + 1, retention, in_month, self.wrapped[-1]),
            )
            salt = os.urandom(SALT_BYTES)
            digest = part_digest("person", salt, PART)
            leaf = leaf_bytes("operator", NOW, digest, digest, digest)
            blob = SealingKey(key).seal(salt + PART, digest.encode("ascii"))
            connection.execute(
                "INSERT INTO entries VALUES (?, ?, x'', x'', x'', ?, ?)",
                (number, leaf, blob, number + 1),
            )
        connection.execute("UPDATE person_keys SET wrapped = NULL WHERE id = ?", (KEYS,))
        connection.execute("UPDATE ledger_head SET next = ?", (KEYS,))
        connection.execute("COMMIT")
        connection.close()

    def opened(self, keys: Path | None = None) -> int:
        """How many parts can be opened."""
        connection = connect(self.folder.control)
        persons = PersonKeys(connection, MonthKeys(keys or self.folder.keys, self.master))
        count = 0
        for leaf, blob, number in connection.execute(
            "SELECT leaf, person, person_key FROM entries"
        ).fetchall():
            try:
                _, part = persons.open(blob, number, read_leaf(leaf).person)
            except SealBroken:
                continue
            count += part == PART
        connection.close()
        return count


@pytest.fixture
def old(tmp_path: Path) -> Old:
    return Old(tmp_path / "hub")


def test_every_part_opens_as_before_and_only_with_its_month_s_key(old: Old, tmp_path: Path) -> None:
    assert revision(old.folder) == "0001"
    assert old.opened() == 0
    assert migrate(old.folder, Time()) == ("0001", NEWEST)
    assert old.opened() == KEYS - 1, "but for the one whose key was erased"
    names = list(MonthKeys(old.folder.keys, old.master).names())
    assert len(names) == 8
    without = tmp_path / "without"
    shutil.copytree(old.folder.keys, without)
    shutil.rmtree(without / "persons")
    assert old.opened(without) == 0


def test_no_byte_that_the_master_key_would_open_is_left(old: Old) -> None:
    assert traces(old.folder.root, old.wrapped)
    migrate(old.folder, Time())
    assert traces(old.folder.root, old.wrapped) == set()


def test_migrating_again_changes_nothing(old: Old) -> None:
    migrate(old.folder, Time())
    connection = connect(old.folder.control)
    before = connection.execute("SELECT * FROM person_keys").fetchall()
    schema = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'person_keys'")
    assert "wrapped BLOB" in schema.fetchone()[0]
    connection.close()
    assert migrate(old.folder, Time()) == (NEWEST, NEWEST)
    connection = connect(old.folder.control)
    assert connection.execute("SELECT * FROM person_keys").fetchall() == before
    connection.close()
    assert old.opened() == KEYS - 1


@pytest.mark.parametrize("after", [0, 1, 100])
def test_cut_off_it_goes_on(old: Old, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    class CutOffError(BaseException):
        pass

    calls = iter(range(after))
    real = bring_over.wrap

    def cut(*given: object) -> bytes:
        if next(calls, None) is None:
            raise CutOffError
        return real(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as cutting:
        cutting.setattr(bring_over, "wrap", cut)
        with pytest.raises(CutOffError):
            migrate(old.folder, Time())
    migrate(old.folder, Time())
    assert old.opened() == KEYS - 1
    assert traces(old.folder.root, old.wrapped) == set()


def test_while_another_program_reads_the_log_of_writes_it_is_not_done(old: Old) -> None:
    reader = connect(old.folder.control)
    reader.execute("BEGIN")
    reader.execute("SELECT 1 FROM entries").fetchone()
    with pytest.raises(StorageRefused) as refused:
        migrate(old.folder, Time())
    assert refused.value.facts == {"why": "database-in-use"}
    reader.close()
    migrate(old.folder, Time())
    assert traces(old.folder.root, old.wrapped) == set()


def test_a_serving_hub_is_not_migrated(old: Old) -> None:
    serving = FileLock(old.folder.serving)
    serving.share()
    with pytest.raises(StorageRefused):
        migrate(old.folder, Time())
    serving.close()


def _as_before(world: World) -> None:
    """Wrap the keys of *person* parts as the release before did."""
    months = MonthKeys(world.hub.folder.keys, world.hub.master)
    connection = world.hub.store.connection
    for number, retention, in_month, wrapped in connection.execute(
        "SELECT id, retention, month, wrapped FROM person_keys"
    ).fetchall():
        key = bring_over.unwrap(months.open(retention, in_month), wrapped, retention, in_month)
        again = world.hub.master.wrap(key, f"person/{retention}/{in_month}")
        connection.execute("UPDATE person_keys SET wrapped = ? WHERE id = ?", (again, number))
    shutil.rmtree(world.hub.folder.keys / "persons")


def test_a_hub_that_was_not_brought_over_does_not_serve(town: Town, tmp_path: Path) -> None:
    root, time = tmp_path / "hub", Time(town.founded)
    with open_world(town, root) as world:
        world.ask(world.nrb.lookup())
        _as_before(world)
    shutil.copytree(root, tmp_path / "same")
    with pytest.raises(StorageRefused) as refused:
        open_hub(tmp_path / "same", time)
    assert refused.value.facts == {"why": "run-hub-migrate"}
    migrate(Folder(root), time)
    world.hub = open_hub(root, time)
    assert world.findings().faults == ()
    world.hub.close()
