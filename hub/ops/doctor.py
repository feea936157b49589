"""``hub doctor``: what is well with a hub's folder, what is not, and what to do."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from certs.errors import YifenError
from hub.clock import Clock, system_clock
from hub.keys.known import checkpoint_keys
from hub.keys.master import Master
from hub.ledger.month_keys import MonthKeys, require_all
from hub.ledger.origin import current_origin
from hub.ledger.start import check_head
from hub.materials.scanning import scanner_of
from hub.materials.store import open_objects
from hub.ops.finding import Finding, tried
from hub.ops.key_findings import key_findings
from hub.ops.witness_findings import witness_findings
from hub.settings import Settings, load
from hub.storage.create import require_newest
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection, connect, require_version

LEAST_FREE = 2 << 30
"""Bytes of free disk below which it is time to act."""


def examine(root: Path, clock: Clock = system_clock) -> Iterator[Finding]:
    """Look at everything; goes on after what is bad as far as that makes sense."""
    folder = Folder(root)
    yield tried("sqlite", require_version)
    try:
        settings = load(folder.settings)
    except YifenError as error:
        yield Finding("settings", "bad", error)
        return
    yield Finding("settings", "good")
    database = tried("database", lambda: require_newest(folder))
    yield database
    if database.verdict == "good":
        yield from _keys(folder, settings, clock)
        yield tried("ledger", lambda: _ledger(folder, settings))
        yield from witness_findings(folder, settings, clock)
    yield tried("objects", lambda: open_objects(settings, folder).check())
    scanner = scanner_of(settings.materials.scanner)
    yield Finding("scanner", "warn") if scanner is None else tried("scanner", scanner.ping)
    root_key = folder.keys / "root" / "root.key"
    yield Finding("root-key", "warn" if root_key.exists() else "good")
    apart = not settings.master_key.resolve().is_relative_to(folder.root.resolve())
    yield Finding("master-apart", "good" if apart else "warn")
    # What lies in the folder is lost with it, and set back with it.
    apart = not settings.checkpoint_copy.resolve().is_relative_to(folder.root.resolve())
    yield Finding("checkpoint-apart", "good" if apart else "warn")
    free = shutil.disk_usage(folder.root).free
    yield Finding("disk", "good" if free >= LEAST_FREE else "warn")


def _keys(folder: Folder, settings: Settings, clock: Clock) -> Iterator[Finding]:
    connection = connect(folder.control)
    try:
        yield from key_findings(folder, settings, connection, clock)
        yield tried("month-keys", lambda: _month_keys(folder, settings, connection))
    finally:
        connection.close()


def _month_keys(folder: Folder, settings: Settings, connection: Connection) -> None:
    master = Master(settings.master_key, connection)
    require_all(connection, MonthKeys(folder.keys, master))


def _ledger(folder: Folder, settings: Settings) -> None:
    connection = connect(folder.control)
    try:
        keys = checkpoint_keys(connection, folder.keys)
        check_head(connection, settings, current_origin(connection, settings.name).text, keys)
    finally:
        connection.close()
