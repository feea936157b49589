"""A new master key, put in place while the hub serves; cut off at any point it can be finished.

    1 made       hub key new-master   a file beside the old one, and a row that waits
    2 copied     hub key confirm-copy its copy was read back and is the same
    3 switched   hub key rotate master   one transaction: everything in the database is wrapped
                 anew, the old key itself lies there wrapped by the new one, the row is active
    4 finished   month keys in their files are wrapped anew, the old key is forgotten
    5 placed     the old file is overwritten, the new one has its name

Before 3 the old file is enough, from 3 on the new one (``master.py``). Processes that still hold
the old key find that what they read does not open, and look; what they wrap they wrap under the
ledger's lock, having looked.
"""

import logging
from pathlib import Path

from certs.errors import SealBroken
from certs.keys import destroy_secret, sync_folder
from certs.sealing import MasterKey
from hub.errors import Conflict, NotFound, StorageRefused
from hub.keys.master import BEFORE, Master, before_of, load, waiting_file
from hub.keys.register import enter
from hub.keys.rotation import Rotated, end, require_few, standing
from hub.ledger.change import Actor, Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.store import LedgerStore
from hub.storage.sqlite import Connection
from hub.storage.tables import KeptKeyRow, SigningKeyRow
from hub.storage.wrapped import rewrap

_log = logging.getLogger("hub.keys")


class Replacing:
    """Replaces the master key of one hub; one for each process."""

    def __init__(
        self,
        path: Path,
        hub: str,
        store: LedgerStore,
        reading: Connection,
        changes: Changes,
        master: Master,
        months: MonthKeys,
    ) -> None:
        self._path = path
        self._hub = hub
        self._store = store
        self._reading = reading
        self._changes = changes
        self._master = master
        self._months = months

    def rotate(self, actor: Actor, fingerprint: str) -> Rotated:
        """Let the key that waits take over, if it is the one of that name and has been copied.

        Raises ``NotFound`` if none waits, ``Conflict`` if it is another, has not been copied or
        there were too many within a day, ``StorageRefused`` if something would be lost.
        """
        self.finish()
        new = load(waiting_file(self._path))
        if new is None:
            raise NotFound(what="master-key")
        if new.fingerprint != fingerprint:
            raise Conflict(why="master-other")
        with self._changes.change(actor) as change:
            require_few(change.session, "master", change.time)
            row = change.session.get(SigningKeyRow, fingerprint)
            if row is None or row.status != "waiting":
                raise Conflict(why="master-not-waiting")
            if row.copied is None:
                raise Conflict(why="master-not-copied")
            old = self._master.key
            self._rewrap(old, new)
            change.session.add(
                KeptKeyRow(label=f"{BEFORE}{old.fingerprint}", wrapped=new.wrap_master(old))
            )
            for before in standing(change.session, "master"):
                end(change, before, change.time)
            row.status, row.since = "active", change.time
            entry = enter(change, row)
        self.finish()
        return Rotated(fingerprint, entry)

    def finish(self) -> None:
        """Put in order what a switch has left to do: nothing, mostly. Raises ``SealBroken``."""
        key = self._master.key
        if before_of(self._reading, key) is None and self._placed(key):
            return
        with self._store.locked():
            before = before_of(self._reading, key)
            if before is not None:
                self._months.rewrap(before, key)
                self._store.connection.execute(
                    "DELETE FROM kept_keys WHERE label = ?", (f"{BEFORE}{before.fingerprint}",)
                )
            if not self._placed(key):
                self._place()

    def _rewrap(self, old: MasterKey, new: MasterKey) -> None:
        """Wrap all of the database anew, once everything is known to open."""
        try:
            for retention, month in self._months.names():
                self._months.open(retention, month)
            rewrap(self._store.connection, self._hub, old, new)
        except SealBroken as error:
            raise StorageRefused(why="wrapped-key") from error

    def _placed(self, key: MasterKey) -> bool:
        waiting = load(waiting_file(self._path))
        return waiting is None or waiting.fingerprint != key.fingerprint

    def _place(self) -> None:
        """Destroy the file of the key before, and give its name to the new one."""
        try:
            destroy_secret(self._path)
            waiting_file(self._path).replace(self._path)
            sync_folder(self._path.parent)
        except OSError:
            # Where the file is mounted read-only the operator has to; either name is read.
            _log.warning("the new master key could not be put in the old one's place")
