"""Files that must stand still from the first look until the last row was sent."""

from dataclasses import dataclass
from pathlib import Path

from connectors.sources.errors import SourceChanged, SourceMissing


@dataclass(frozen=True, slots=True)
class StillFile:
    """A file as it was when it was first looked at."""

    path: Path
    stamp: tuple[int, int, int]

    @classmethod
    def of(cls, path: Path) -> "StillFile":
        """Look at a file; raises ``SourceMissing``."""
        try:
            if not path.is_file():
                raise SourceMissing(file=path.name)
            return cls(path, _stamp(path))
        except OSError as error:
            raise SourceMissing(file=path.name) from error

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.path.name

    def moved(self) -> bool:
        """Whether it is another one now."""
        try:
            return _stamp(self.path) != self.stamp
        except OSError:
            return True

    def check(self) -> None:
        """Raise ``SourceChanged`` if it is another one now."""
        if self.moved():
            raise SourceChanged(file=self.path.name)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
