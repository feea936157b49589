"""A square code (ISO/IEC 18004) as modules and as a drawing; whether people can scan it.

A credential is long: the digest of each item stands in it, and each item once more beside them. Of
what fits a square at all only a part can be read off a screen with a telephone held in a hand.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import segno
from segno.encoder import DataOverflowError

QUIET = 4
"""Modules around the code that stay white (ISO/IEC 18004 §6.3.8)."""
SCANNED = 25
"""The largest version that is shown: 117 modules a side, each two and a half points wide on a
telephone's 328 points, and 0.7 mm on it. Of longer ones cameras lose the modules."""
CORRECTION = "l"
"""7 %: nothing folds or stamps a screen, and the modules are the larger for it."""
LONGEST = 1273
"""Characters in a code of that version and correction (ISO/IEC 18004, table 7, bytes)."""


class Square(NamedTuple):
    """A code to be drawn: modules of a side with the white ones around it, and the dark ones.

    ``path`` is one for the ``d`` of an SVG path, a module being 1.
    """

    side: int
    path: str


def square(text: str) -> Square | None:
    """The code of a text; None if it is longer than people can scan."""
    try:
        code = segno.make(
            text, version=SCANNED, error=CORRECTION, micro=False, boost_error=False, mode="byte"
        )
    except DataOverflowError:
        return None
    modules = [[bool(module) for module in line] for line in code.matrix]
    drawn = "".join(
        f"M{QUIET + begin} {QUIET + row}h{length}v1h-{length}z"
        for row, line in enumerate(modules)
        for begin, length in runs(line)
    )
    return Square(len(modules) + 2 * QUIET, drawn)


def runs(line: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where dark modules begin, and how many follow each other."""
    begin = None
    for place, dark in enumerate([*line, False]):
        if dark and begin is None:
            begin = place
        elif not dark and begin is not None:
            yield begin, place - begin
            begin = None
