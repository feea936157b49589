"""The rejected rows of a publication with their reasons, sealed, in the order of their numbers.

Values are not kept: the department has its file. A block holds rows that follow each other and is
named by the first of them; rows that are found to conflict after all others have blocks of their
own, and reading merges the two. In the same way, apart from them, stand the warnings: rows that are
accepted although they break a rule.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from pathlib import Path
from typing import Literal

import orjson

from certs.canonical import Json
from certs.errors import SealBroken
from certs.sealing import SealingKey
from hub.errors import StorageRefused
from hub.publish.reasons import REASONS

BLOCK = 5000
"""Rows of one block."""

Found = Literal["row", "conflict", "warning", "shared"]
"""Rejected for itself or beside another; warned of for itself or beside another."""
_REJECTED: tuple[Found, ...] = ("row", "conflict")
_WARNED: tuple[Found, ...] = ("warning", "shared")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one item of a row; ``item`` is empty if it is the row as a whole."""

    item: str
    reason: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected row: its number in the source, and every problem in the definition's order.

    In a warning the problems are the rules that it breaks, and it is no rejection.
    """

    row: int
    problems: tuple[Problem, ...]

    def to_json(self) -> dict[str, Json]:
        """As the interface shows it: the first problem, and ``also`` the others if there are."""
        first, *others = (
            {"item": problem.item, "reason": REASONS[problem.reason]} for problem in self.problems
        )
        line: dict[str, Json] = {"row": self.row, **first}
        if others:
            line["also"] = others
        return line


class Rejections:
    """The rejected rows of one publication."""

    def __init__(self, root: Path, publication: str, key: SealingKey) -> None:
        self._root = root
        self._publication = publication
        self._key = key

    def clear(self) -> None:
        """Begin anew."""
        shutil.rmtree(self._root, ignore_errors=True)

    def write(self, found: Found, rejections: Sequence[Rejection]) -> None:
        """Keep rows that come after those kept before; raises ``StorageRefused``."""
        try:
            for start in range(0, len(rejections), BLOCK):
                self._root.mkdir(mode=0o700, exist_ok=True)
                self._write_block(found, rejections[start : start + BLOCK])
        except OSError as error:
            raise StorageRefused(why="staging") from error

    def read(self, after: int, limit: int, *, warnings: bool = False) -> list[Rejection]:
        """At most ``limit`` rows whose numbers are above ``after``; or of the warnings."""
        kinds = _WARNED if warnings else _REJECTED
        found = merge(*(self._of(kind, after) for kind in kinds), key=_row_of)
        return list(islice(_by_row(found), limit))

    def _write_block(self, found: Found, block: Sequence[Rejection]) -> None:
        name = _name(found, block[0].row)
        data = orjson.dumps(
            [[one.row, [[each.item, each.reason] for each in one.problems]] for one in block]
        )
        descriptor = os.open(
            self._root / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._key.seal(data, self._place(name)))
            file.flush()
            os.fsync(file.fileno())

    def _of(self, found: Found, after: int) -> Iterator[Rejection]:
        names = sorted(path.name for path in self._root.glob(f"{found}-*"))
        last_before = sum(1 for name in names if name <= _name(found, after + 1)) - 1
        for name in names[max(last_before, 0) :]:
            for row, problems in self._block(name):
                if row > after:
                    yield Rejection(row, tuple(Problem(item, reason) for item, reason in problems))

    def _block(self, name: str) -> list[tuple[int, list[tuple[str, int]]]]:
        try:
            data = self._key.open((self._root / name).read_bytes(), self._place(name))
        except (OSError, SealBroken) as error:
            raise StorageRefused(why="staging") from error
        block: list[tuple[int, list[tuple[str, int]]]] = orjson.loads(data)
        return block

    def _place(self, name: str) -> bytes:
        return f"rejections/{self._publication}/{name}".encode("ascii")


def _row_of(one: Rejection) -> int:
    return one.row


def _by_row(found: Iterable[Rejection]) -> Iterator[Rejection]:
    """One for each row: it may be warned of for itself and beside another."""
    for row, same in groupby(found, key=_row_of):
        yield Rejection(row, tuple(problem for one in same for problem in one.problems))


def _name(found: Found, row: int) -> str:
    return f"{found}-{row:012d}"
