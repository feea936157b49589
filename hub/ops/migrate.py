"""``hub migrate``: the tables of this release, and what older releases stored in another way."""

from hub.clock import Clock
from hub.errors import StorageRefused
from hub.keys.master import Master
from hub.ledger.bring_over import bring_over
from hub.ledger.destruction import cut_log
from hub.ledger.month_keys import MonthKeys
from hub.ledger.store import LedgerStore
from hub.settings import load
from hub.storage.create import migrate as migrate_tables
from hub.storage.folder import Folder
from hub.storage.lock import FileLock


def migrate(folder: Folder, clock: Clock) -> tuple[str | None, str]:
    """Bring a stopped hub to this release; gives the migrations before and after.

    May be called again at any time. Raises ``SettingsRefused``, an error of keys, and
    ``StorageRefused`` while a hub serves or another program reads the database.
    """
    settings = load(folder.settings)
    revisions = migrate_tables(folder)
    serving, lock = FileLock(folder.serving), FileLock(folder.lock)
    try:
        if not serving.try_acquire():
            raise StorageRefused(why="hub-is-running")
        store = LedgerStore(folder, clock)
        try:
            master = Master(settings.master_key, store.connection)
            bring_over(store, MonthKeys(folder.keys, master), master)
            if not cut_log(store, lock):
                raise StorageRefused(why="database-in-use")
        finally:
            store.close()
    finally:
        lock.close()
        serving.close()
    return revisions
