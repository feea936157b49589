"""The write-ahead log folded back into the database, beside the loop that answers.

Left to itself SQLite folds inside a COMMIT: pages copied and the database synced while everybody
waits. The driver lets the interpreter go meanwhile, so a thread costs the loop nothing; and folding
less often writes a page that changes with every commit less often (``docs/performance.md``).
"""

import logging
import threading

from hub.ledger.store import LedgerStore
from hub.storage.folder import Folder
from hub.storage.sqlite import DatabaseError, connect

SECONDS = 0.2
"""Between two foldings."""
BOUND = 16_000
"""Pages at which a commit folds by itself: the log starts over only when nobody writes, and a
busy one would grow without end."""
_log = logging.getLogger("hub.ledger")


class Folding(threading.Thread):
    """Folds until told to end; takes that work from the connection that commits."""

    def __init__(self, folder: Folder, store: LedgerStore) -> None:
        super().__init__(daemon=True, name="folding")
        store.connection.execute(f"PRAGMA wal_autocheckpoint={BOUND}")
        self._store = store
        self._connection = connect(folder.control)
        self._ending = threading.Event()

    def run(self) -> None:
        """Fold, again and again; a broken store's log is left for the next process to look at."""
        while not self._ending.wait(SECONDS) and not self._store.broken:
            self.fold()
        self._connection.close()

    def fold(self) -> int:
        """Fold what can be folded without anybody waiting; the pages that are left."""
        try:
            _, pages, folded = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except DatabaseError as error:
            # The pages stay in the log; but a disk that fails here is one that fails commits.
            self._store.judge(error)
            _log.warning("the write-ahead log could not be folded back")
            return 0
        return int(pages - folded)

    def end(self) -> None:
        """End, and wait for a folding under way."""
        self._ending.set()
        if self.is_alive():
            self.join()
