"""The database as migrations make it is the one that the code expects."""

from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel

from certs.canonical import canonical
from certs.encoding import b64u
from hub.errors import StorageRefused
from hub.storage.create import NEWEST, create_control, migrate, require_newest, revision
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import MINIMUM, connect, driver, require_version

STORAGE = Path(__file__).resolve().parents[3] / "hub" / "storage"
for module in sorted(STORAGE.glob("*tables.py")):
    # Each registers its tables.
    import_module(f"hub.storage.{module.stem}")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "hub")
    made.create()
    create_control(made)
    return made


def test_the_migrations_make_the_tables_of_the_control_plane(folder: Folder) -> None:
    connection = connect(folder.control)
    engine = create_engine(
        "sqlite://", module=driver, creator=lambda: connection, poolclass=StaticPool
    )
    with engine.connect() as bound:
        found = compare_metadata(MigrationContext.configure(bound), SQLModel.metadata)
    engine.dispose()
    lacking = [difference for difference in found if difference[0] != "remove_table"]
    assert lacking == []


def test_the_newest_migration_is_the_one_that_the_code_names() -> None:
    config = Config()
    config.set_main_option("script_location", "hub/storage/migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


def test_a_store_of_before_change_sets_comes_over(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "hub")
    folder.create()
    connection = connect(folder.control, "rwc")
    engine = create_engine(
        "sqlite://", module=driver, creator=lambda: connection, poolclass=StaticPool
    )
    config = Config()
    config.set_main_option("script_location", "hub/storage/migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as bound:
        config.attributes["connection"] = bound
        command.upgrade(config, "0002")
        bound.commit()
    for statement in (
        "INSERT INTO departments VALUES ('psb', '公安', 'Police', 'active')",
        "INSERT INTO datasets VALUES ('resident', 'psb', x'', 'active', 'g-1', 1, 7)",
        "INSERT INTO generations VALUES ('g-1', 'resident', x'00', 5, 'digest', 'live')",
        """
        INSERT INTO publications VALUES
        ('p-1', 'resident', 'urn', 'k', 'a b', x'00', 'live', 7, 5, 5, 1, '{}', 'g-1', NULL),
        ('p-2', 'resident', 'urn', 'k', 'a b', x'00', 'held', 8, 5, 5, 1, '{}', 'g-2', NULL)
        """,
    ):
        connection.execute(statement)
    engine.dispose()

    assert migrate(folder) == ("0002", NEWEST)
    require_newest(folder)
    connection = connect(folder.control, "ro")
    assert connection.execute("SELECT version, as_of, sequence FROM datasets").fetchall() == [
        (1, 7, 0)
    ]
    # Its rows are found by their subjects alone, so nothing can be changed in it.
    assert connection.execute("SELECT keyed, seals FROM generations").fetchall() == [(0, 0)]
    assert connection.execute(
        "SELECT state, mode, sequence, token FROM publications ORDER BY id"
    ).fetchall() == [("live", "full", None, None), ("held", "full", None, None)]
    connection.close()


def test_a_database_of_another_release_is_refused(folder: Folder) -> None:
    require_newest(folder)
    connection = connect(folder.control)
    connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    with pytest.raises(StorageRefused):
        require_newest(folder)


def test_migrating_twice_changes_nothing(folder: Folder) -> None:
    assert migrate(folder) == (NEWEST, NEWEST)
    assert revision(folder) == NEWEST


def test_a_database_in_use_is_not_migrated(folder: Folder) -> None:
    serving = FileLock(folder.serving)
    serving.share()
    with pytest.raises(StorageRefused):
        migrate(folder)
    serving.close()
    assert migrate(folder) == (NEWEST, NEWEST)


def test_an_sqlite_with_the_wal_reset_bug_is_refused() -> None:
    require_version(MINIMUM)
    with pytest.raises(StorageRefused):
        require_version((3, 51, 2))


def test_marks_of_before_feeds_are_told_in_their_order(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "hub")
    folder.create()
    connection = connect(folder.control, "rwc")
    engine = create_engine(
        "sqlite://", module=driver, creator=lambda: connection, poolclass=StaticPool
    )
    config = Config()
    config.set_main_option("script_location", "hub/storage/migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as bound:
        config.attributes["connection"] = bound
        command.upgrade(config, "0005")
        bound.commit()
    pseudonym = b"\x01" * 32
    state = {"dataset": "resident", "kind": "repaired", "pseudonym": b64u(pseudonym)}
    connection.execute("INSERT INTO departments VALUES ('psb', '公安', 'Police', 'active')")
    connection.execute(
        "INSERT INTO datasets (code, department, definition, status, version, as_of, sequence)"
        " VALUES ('resident', 'psb', x'', 'active', 1, 7, 0)"
    )
    insert = (
        "INSERT INTO entries (position, leaf, control, salts, internal, person, person_key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    for position, kind in enumerate(("lookup", "mark", "dataset")):
        leaf = canonical({"kind": kind, "v": 1})
        row = (position, leaf, canonical({"state": state}), b"", b"", b"", 1)
        connection.execute(insert, row)
    engine.dispose()
    migrate(folder)
    connection = connect(folder.control, "ro")
    found = connection.execute("SELECT * FROM mark_changes").fetchall()
    connection.close()
    assert found == [(1, "resident", pseudonym, "repaired")]


def test_what_was_held_before_it_could_be_followed_has_its_place_from_the_log(
    tmp_path: Path,
) -> None:
    """And whoever handles or implements an open case is one of those who follow it."""
    folder = Folder(tmp_path / "hub")
    folder.create()
    connection = connect(folder.control, "rwc")
    engine = create_engine(
        "sqlite://", module=driver, creator=lambda: connection, poolclass=StaticPool
    )
    config = Config()
    config.set_main_option("script_location", "hub/storage/migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as bound:
        config.attributes["connection"] = bound
        command.upgrade(config, "0014")
        bound.commit()
    for code in ("mrb", "nrb"):
        connection.execute("INSERT INTO departments VALUES (?, '', '', 'active')", (code,))
    connection.execute(
        "INSERT INTO datasets (code, department, definition, status, version, as_of, sequence)"
        " VALUES ('material_lease', 'mrb', x'', 'active', 0, 0, 0)"
    )
    for name in ("m-1", "m-2"):
        connection.execute(
            "INSERT INTO materials VALUES (?, 'material_lease', 'mrb', x'', NULL, x'', '', 1, 0,"
            " '', 1, 'usable', 0)",
            (name,),
        )
        connection.execute("INSERT INTO material_filings VALUES (?, 1, 'mrb', x'')", (name,))
    connection.execute("INSERT INTO licence_types VALUES ('t', 'T', x'', '{}', 'active')")
    connection.execute(
        "INSERT INTO licences (id, type, department, holder, identifier, token, said, key, sealed,"
        " note, version, status, valid_until, issued)"
        " VALUES ('l-1', 't', 'mrb', x'', x'', '', x'', x'', x'', x'', 1, '01', '', 0)"
    )
    services = [{"department": "nrb", "service": "s", "version": 1}]
    for number, status in enumerate(("open", "concluded")):
        state = canonical({"services": services}).decode()
        connection.execute(
            "INSERT INTO cases VALUES (?, 'mrb', ?, 1, ?, x'', ?, NULL, x'', x'', ?, 0)",
            (f"C-{number}", status, number, 7 + number, state),
        )
    told = [
        ("material", {"id": "m-1"}), ("licence-type", {"code": "t", "id": "l-1"}),
        ("licence", {"id": "l-1"}), ("material", {"id": "m-2"}), ("material", {"id": "m-1"}),
        ("destruction", {"ids": ["m-2"], "what": "material"}),
    ]  # fmt: skip
    for position, (kind, said) in enumerate(told):
        leaf = canonical({"kind": kind, "v": 1})
        connection.execute(
            "INSERT INTO entries (position, leaf, control, salts, internal, person, person_key)"
            " VALUES (?, ?, ?, x'', x'', x'', 1)",
            (position, leaf, canonical({"state": said})),
        )
    engine.dispose()
    assert migrate(folder) == ("0014", NEWEST)
    connection = connect(folder.control, "ro")
    found = [
        connection.execute(statement).fetchall()
        for statement in (
            "SELECT id, changed FROM materials ORDER BY id",
            "SELECT id, changed FROM licences",
            "SELECT until FROM material_filings",
            "SELECT department, case_id, status, opened, turned, lost FROM case_turns",
        )
    ]
    connection.close()
    assert found[:3] == [[("m-1", 4), ("m-2", 5)], [("l-1", 2)], [(None,), (None,)]]
    assert sorted(found[3]) == [
        ("mrb", "C-0", "open", 7, 7, -1), ("mrb", "C-1", "ended", 8, 8, -1),
        ("nrb", "C-0", "open", 7, 7, -1), ("nrb", "C-1", "ended", 8, 8, -1),
    ]  # fmt: skip
