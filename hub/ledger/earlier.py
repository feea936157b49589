"""Checkpoints of the log under the names that it had before: they still bind what was kept.

Each restore bound one, and left the copy of its time beside the newest. What such a checkpoint
covers of the kept part must be in the tree; what is beyond was lost, and cannot be compared.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from certs.note import Checkpoint
from certs.tree import Frontier
from hub.ledger.origin import Origin

Open = Callable[[str, str], Checkpoint | None]
"""The checkpoint of a note under a name of this log; None if it is not one that we signed."""


class Earlier:
    """Takes the growing tree, and tells what does not agree with it."""

    def __init__(self, names: Sequence[Origin], put_away: Sequence[str], opened: Open) -> None:
        self._unsound = 0
        self._waiting: list[Checkpoint] = []
        ends = {name.text: later.first for name, later in pairwise(names)}
        bound = [name.note for name in names if name.note is not None]
        for note in [*bound, *put_away]:
            checkpoint = opened(note, note.partition("\n")[0])
            if checkpoint is None:
                self._unsound += 1
            elif checkpoint.size <= ends.get(checkpoint.origin, -1):
                self._waiting.append(checkpoint)
        self._waiting.sort(key=lambda checkpoint: checkpoint.size, reverse=True)

    def grown(self, tree: Frontier) -> Iterator[str]:
        """Compare what was signed at this size."""
        while self._waiting and self._waiting[-1].size == tree.size:
            if self._waiting.pop().root != tree.root():
                yield "checkpoint-earlier"

    def left(self) -> Iterator[str]:
        """What could not be compared although it should be there, or is no checkpoint of ours."""
        yield from ["checkpoint-earlier"] * (self._unsound + len(self._waiting))
