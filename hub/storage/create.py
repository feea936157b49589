"""Make the control database, or bring it to the newest migration."""

from importlib.resources import files
from typing import Literal

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from hub.errors import StorageRefused
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import DatabaseError, connect, driver

NEWEST = "0016"
"""The newest migration of this release."""


def create_control(folder: Folder) -> None:
    """Create ``control.db`` with every table; the folder must exist and the file must not."""
    _upgrade(folder, "rwc")


def migrate(folder: Folder) -> tuple[str | None, str]:
    """Bring ``control.db`` to the newest migration; gives the revisions before and after.

    Refused (``StorageRefused``) while a hub serves.
    """
    lock = FileLock(folder.serving)
    try:
        if not lock.try_acquire():
            raise StorageRefused(why="hub-is-running")
        before = revision(folder)
        _upgrade(folder, "rw")
        return before, NEWEST
    finally:
        lock.close()


def revision(folder: Folder) -> str | None:
    """The migration that the database stands at; None if it was not made by one."""
    connection = connect(folder.control, "ro")
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except DatabaseError:
        return None
    finally:
        connection.close()
    return None if row is None else str(row[0])


def require_newest(folder: Folder) -> None:
    """Raise ``StorageRefused`` unless the database stands at this release's migration."""
    if revision(folder) != NEWEST:
        raise StorageRefused(why="run-hub-migrate")


def _upgrade(folder: Folder, mode: Literal["rwc", "rw"]) -> None:
    engine = _engine(folder, mode)
    config = _config()
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("hub.storage.migrations")))
    config.set_main_option("path_separator", "os")
    return config


def _engine(folder: Folder, mode: Literal["rwc", "rw"]) -> Engine:
    connection = connect(folder.control, mode)
    return create_engine(
        "sqlite://", module=driver, creator=lambda: connection, poolclass=StaticPool
    )
