"""How long entries wait for the first checkpoint that covers them, watched from beside the hub."""

import threading

from certs.leaf import read_leaf
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

_LOOK_SECONDS = 0.05
"""Between two looks: checkpoints come about twice a second, so none is missed."""


class LagWatch(threading.Thread):
    """Looks at each new checkpoint until told to stop; ``lags`` are milliseconds.

    The lag of a checkpoint is that of the oldest entry that it covers first, so the largest is
    the longest that any entry has waited.
    """

    def __init__(self, folder: Folder) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._ending = threading.Event()
        self.lags: list[int] = []

    def run(self) -> None:
        """Watch."""
        connection = connect(self._folder.control, "ro")
        try:
            covered = -1
            while not self._ending.wait(_LOOK_SECONDS):
                row = connection.execute("SELECT size, time FROM checkpoints").fetchone()
                if row is None or row[0] == covered:
                    continue
                if covered >= 0:
                    (leaf,) = connection.execute(
                        "SELECT leaf FROM entries WHERE position = ?", (covered,)
                    ).fetchone()
                    self.lags.append(row[1] - read_leaf(leaf).time)
                covered = row[0]
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop, and wait for the last look."""
        self._ending.set()
        self.join()
