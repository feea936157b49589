"""A lock between processes on one file, released by the kernel when its holder dies."""

import os
from pathlib import Path
from types import TracebackType

if os.name == "posix":
    import fcntl


class FileLock:
    """An exclusive lock; each object has its own file description, so two of them exclude."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def share(self) -> None:
        """Hold the lock together with others that share it, until ``close``."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def try_acquire(self) -> bool:
        """Take the lock if it is free; say whether it was."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the lock and its file up."""
        os.close(self._descriptor)
