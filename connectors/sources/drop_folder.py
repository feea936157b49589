"""A folder into which files are dropped, and from which they are published in order of name.

A file is taken once its size and time have stood still for some seconds, and never before those
whose names come first: the order of names is the order of publications. Passed over are hidden
files, those that are still being written by their name, names that are no UTF-8, and our own files
of rejected rows.

    FOLDER/people.000041.csv        41 is the number of a change set: digits alone between the
                                    last two dots of a name, or before the only one
    FOLDER/done/people.000041.csv, people.000041.csv.result.json, people.000041.rejected.csv
    FOLDER/failed/…                 the same for a file that cannot be published
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from certs.canonical import Json, canonical
from connectors.home import sync_folder
from connectors.sources.progress import Monotonic
from connectors.sources.rejected import replacing

End = Literal["done", "failed"]
PARTIAL = (".part", ".tmp", ".partial", ".filepart", ".crdownload", ".swp")
RESULT = ".result.json"
_OURS = (".rejected.csv", ".rejected.xlsx", RESULT)
_DIGITS = re.compile(r"([0-9]+)")
_NUMBER = re.compile(r"(?:.*\.)?([0-9]{1,15})\.[^.]+\Z", re.DOTALL)
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    stamp: _Stamp
    since: float


class DropFolder:
    """The folder; ``settle`` are the seconds for which a file must stand still."""

    def __init__(self, path: Path, settle: float, monotonic: Monotonic) -> None:
        self.path = path
        self._settle = settle
        self._monotonic = monotonic
        self._seen: dict[str, _Seen] = {}

    def next(self) -> Path | None:
        """The first file by name if it is complete; raises ``OSError``."""
        found = self._files()
        now = self._monotonic()
        self._seen = {
            name: seen
            if (seen := self._seen.get(name)) is not None and seen.stamp == stamp
            else _Seen(stamp, now)
            for name, stamp in found.items()
        }
        if not found:
            return None
        first = min(found, key=in_order)
        return self.path / first if now - self._seen[first].since >= self._settle else None

    def unsettle(self, path: Path) -> None:
        """Let a file settle anew: it changed while it was read."""
        self._seen.pop(path.name, None)

    def finish(self, path: Path, end: End, told: Mapping[str, Json], rejected: Path | None) -> Path:
        """Move a file away, with what became of it beside it; gives its new path.

        The result is there before the file is moved, so that a file that was moved has one.
        """
        folder = self.path / end
        folder.mkdir(mode=0o700, exist_ok=True)
        target = _free(folder, path.name)
        if rejected is not None and rejected.exists():
            kept = target.with_suffix("".join(rejected.suffixes[-2:]))
            rejected.replace(kept)
            told = {**told, "rejected_file": kept.name}
        with replacing(target.with_name(target.name + RESULT)) as file:
            file.write(canonical(dict(told)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        path.replace(target)
        sync_folder(folder)
        sync_folder(self.path)
        return target

    def _files(self) -> dict[str, _Stamp]:
        found: dict[str, _Stamp] = {}
        with os.scandir(self.path) as entries:
            for entry in entries:
                if is_passed_over(entry.name):
                    continue
                try:
                    if entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        found[entry.name] = (status.st_ino, status.st_size, status.st_mtime_ns)
                except FileNotFoundError:
                    continue
        return found


def is_passed_over(name: str) -> bool:
    """Whether a name says that its file is not for us, or not yet.

    One that is no UTF-8 could not be told to anybody.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return True
    small = name.lower()
    return small.startswith((".", "~$")) or small.endswith((*PARTIAL, *_OURS))


def in_order(name: str) -> tuple[tuple[int, str], ...]:
    """Names in order, numbers in them by their value: 2 comes before 10."""
    parts = _DIGITS.split(name)
    return tuple((int(part), "") if at % 2 else (-1, part) for at, part in enumerate(parts))


def number_of(name: str) -> int | None:
    """The number of the change set in a file, None if its name has none."""
    match = _NUMBER.match(name)
    return int(match[1]) if match else None


def _free(folder: Path, name: str) -> Path:
    """Where a file of this name goes: an earlier one keeps its place."""
    target, count = folder / name, 1
    while target.exists():
        count += 1
        target = folder / f"{Path(name).stem}-{count}{Path(name).suffix}"
    return target
