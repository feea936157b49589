"""Make the hub's database."""

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel

import hub.storage.tables  # noqa: F401 registers the tables
from hub.storage.folder import Folder
from hub.storage.schema import STATEMENTS
from hub.storage.sqlite import connect, driver


def create_control(folder: Folder) -> None:
    """Create ``control.db`` with every table; the folder must exist and the file must not."""
    connection = connect(folder.control, "rwc")
    engine = create_engine(
        "sqlite://", module=driver, creator=lambda: connection, poolclass=StaticPool
    )
    SQLModel.metadata.create_all(engine)
    connection.execute("BEGIN IMMEDIATE")
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute("COMMIT")
    engine.dispose()
    connection.close()
