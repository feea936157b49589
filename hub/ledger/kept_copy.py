"""The checkpoint kept outside the database: looked at before anything is signed over it.

Two hubs on two copies of one folder, or a database set back under a running hub, would each sign a
history of their own under one name. What they share is the place of this copy. So whoever is about
to publish looks at what lies there: his own last words, or an earlier state of his log, are in
order; anything else is somebody else's, and means that there are two logs.

Looking costs one ``stat`` while the file is the one that was left there, for it is done twice a
second.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from certs.errors import CheckpointInvalid
from certs.keys import PublicKey
from certs.note import MAX_NOTE_BYTES, open_checkpoint
from hub.errors import LedgerBehind, Unavailable
from hub.storage.lock import FileLock

FORKED = "forked"
"""Why nothing is answered: somebody else signs under this log's name."""

RootAt: TypeAlias = Callable[[int], bytes]
"""The root of the first so many entries; raises ``LedgerBehind`` if fewer are published."""


class KeptCopy:
    """One process's view of the copy; ``trusted`` gives the names and keys of this log."""

    def __init__(self, path: Path, trusted: Callable[[], Sequence[tuple[str, PublicKey]]]) -> None:
        self._path = path
        self._trusted = trusted
        self._known: tuple[int, ...] | None = None
        """What the file's ``stat`` was when it was last found in order."""

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else is at the copy; while the block lasts, nobody comes.

        Between looking and writing another hub must not do the same. Where the copy lies on
        something that knows no locks, nobody can be kept away, and the next look finds him.
        """
        try:
            lock = FileLock(self._path.with_name(f"{self._path.name}.lock"))
        except OSError:
            yield True
            return
        try:
            yield _acquired(lock)
        finally:
            lock.close()

    def check(self, root_at: RootAt) -> None:
        """Raise ``Unavailable`` (``forked``) unless what lies there is what this log once was.

        Nothing at all may lie there: that contradicts nobody.
        """
        found = self._stat()
        if found is None or found == self._known:
            return
        if not self._is_ours(root_at):
            raise Unavailable(why=FORKED)
        self._known = found

    def left(self) -> None:
        """Remember the file as it is: this process has just written it."""
        self._known = self._stat()

    def _is_ours(self, root_at: RootAt) -> bool:
        """Whether the note there is this log's, and of nothing beyond or beside it."""
        try:
            with self._path.open("rb") as file:
                text = file.read(MAX_NOTE_BYTES + 1).decode("utf-8")
            trusted = self._trusted()
            kept = open_checkpoint(text, trusted)
            if not any(kept.origin == name for name, _ in trusted):
                return False
            # Read after the note: a note is written after its checkpoint is published.
            return root_at(kept.size) == kept.root
        except (OSError, UnicodeDecodeError, CheckpointInvalid, LedgerBehind):
            return False

    def _stat(self) -> tuple[int, ...] | None:
        try:
            told = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(why="checkpoint-copy") from error
        return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def _acquired(lock: FileLock) -> bool:
    try:
        return lock.try_acquire()
    except OSError:
        return True
