"""The demonstration's folder: what lies where, and that nothing is removed that we did not make.

.yifen-demo          the marker: a demonstration made this folder, and may make it anew
accounts.txt         accounts and passwords, mode 0600
hub/                 the hub's own folder; hub.log beside it
offline-root/        the root key, carried away from the hub as its operator should, and a copy of
                     the master key
city/                what the city was built with, until the departments have it
departments/<code>/  connector/ (the department's keys and receipts) and data/ (its files)
"""

import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

from hub.ops.demo.errors import DemoRunning, FolderTaken
from hub.storage.lock import FileLock

MARKER = ".yifen-demo"
_TEXT = b"A demonstration of Yifen made this folder; the next one removes all that is in it.\n"


@dataclass(slots=True)
class DemoFolder:
    """Paths of one demonstration."""

    root: Path
    _lock: FileLock | None = field(default=None, repr=False)

    @property
    def hub(self) -> Path:
        """The hub's own folder."""
        return self.root / "hub"

    @property
    def log(self) -> Path:
        """What the hub's process says."""
        return self.root / "hub.log"

    @property
    def accounts(self) -> Path:
        """Accounts and passwords."""
        return self.root / "accounts.txt"

    @property
    def offline_root(self) -> Path:
        """The root key, away from the hub."""
        return self.root / "offline-root"

    @property
    def city(self) -> Path:
        """Where the city is built."""
        return self.root / "city"

    def department(self, code: str) -> Path:
        """What is a department's own."""
        return self.root / "departments" / code

    def prepare(self) -> bool:
        """Make the folder anew; says whether an earlier demonstration was removed.

        Raises ``FolderTaken`` for anything that no demonstration made, ``DemoRunning`` if one is
        using it now.
        """
        marker = self.root / MARKER
        if self.root.is_symlink() or (self.root.exists() and not self.root.is_dir()):
            raise FolderTaken(folder=str(self.root))
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        earlier = any(self.root.iterdir())
        if earlier and not _is_ours(marker):
            raise FolderTaken(folder=str(self.root))
        self._lock = FileLock(marker)
        if not self._lock.try_acquire():
            raise DemoRunning(folder=str(self.root))
        marker.write_bytes(_TEXT)
        # The marker goes last and so never: cut off half-way, the next run may go on removing.
        for path in self.root.iterdir():
            if path == marker:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        return earlier

    def close(self) -> None:
        """Let another demonstration have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _is_ours(marker: Path) -> bool:
    try:
        descriptor = os.open(marker, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        # An empty one was cut off between lock and text.
        return file.read(len(_TEXT) + 1) in {_TEXT, b""}
