"""How far a subscription has come, so that one that was killed goes on.

One file in the connector's folder, mode 0600, named by a digest of where pages are written. It
holds the hub's cursor and the number of the next page, and nothing about anybody. What it counts is
on the disk already: a page is synced before the cursor behind it is kept.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import canonical
from certs.encoding import digest
from connectors.feed.errors import FeedRefused
from connectors.home import sync_folder
from connectors.locking import try_lock

FOLDER = "feeds"


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    v: int
    dataset: str
    cursor: str | None
    next: int


@dataclass(slots=True)
class Subscription:
    """One subscription; ``next`` is the number of the page that comes next."""

    path: Path
    dataset: str
    cursor: str | None = field(repr=False)
    next: int
    lock: int

    @classmethod
    def open(cls, home: Path, into: Path, dataset: str) -> Self:
        """The subscription that writes into a folder, taken up or begun; raises ``FeedRefused``.

        One folder holds the pages of one dataset.
        """
        folder = home / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        name = digest(str(into.resolve()).encode("utf-8", "surrogateescape"))
        path = folder / f"{name}.json"
        lock = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not try_lock(lock):
                raise FeedRefused(why="running")
            found = cls(path, dataset, None, 1, lock)
            if path.exists():
                found._read()
        except BaseException:
            os.close(lock)
            raise
        return found

    def _read(self) -> None:
        try:
            kept = _Kept.model_validate_json(self.path.read_bytes())
        except (OSError, ValidationError) as error:
            raise FeedRefused(why="state") from error
        if kept.dataset != self.dataset:
            raise FeedRefused(why="other-dataset")
        self.cursor, self.next = kept.cursor, kept.next

    def keep(self, cursor: str | None) -> None:
        """Write down that the page before this cursor is taken."""
        number = self.next + 1
        data = canonical({"v": 1, "dataset": self.dataset, "cursor": cursor, "next": number})
        write_synced(self.path, data)
        self.cursor, self.next = cursor, number

    def begin_anew(self) -> None:
        """Forget the cursor, so that every row is told again; numbers of pages go on."""
        self.cursor = None

    def close(self) -> None:
        """Let others have it."""
        os.close(self.lock)


def write_synced(path: Path, data: bytes) -> None:
    """Put a file in place whole, mode 0600, so that it outlives a power cut; raises ``OSError``."""
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)
