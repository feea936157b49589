"""What is past its retention, counted by kind, class, and what keeps it; nothing that names it.

Beside the counts stands what one act would destroy, the oldest first, and a digest of just these:
whoever confirms what was shown has that destroyed and nothing else.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from certs.encoding import digest
from hub.destroying.contents import Content, State
from hub.destroying.destroying import Destructions
from hub.ledger.destructions import What
from hub.ledger.retention import CLASSES, Retention

MOST_AT_ONCE = 1000
"""Contents that one act destroys, in ten entries: nobody waits minutes for a page."""
STATES: tuple[State, ...] = ("due", "held", "in-use")


class Waiting(NamedTuple):
    """A kind: counts by class and by what keeps it, and what one act would destroy.

    ``since`` is until when the oldest was kept, None if nothing is past its retention.
    """

    what: What
    counts: dict[tuple[Retention, State], int]
    since: int | None
    next: tuple[str, ...]

    def of(self, state: State) -> int:
        """How many of a state there are, of all classes."""
        return sum(self.counts[one, state] for one in CLASSES)

    @property
    def seen(self) -> str:
        """A digest of what one act would destroy: what was shown is what goes."""
        return digest("\n".join(self.next).encode())


def due(found: Iterable[Content]) -> list[str]:
    """The names of what can be destroyed, in the order in which they were found."""
    return [one.id for one in found if one.state == "due"]


def waiting(destructions: Destructions, what: What) -> Waiting:
    """Everything of a kind that is past its retention; may take long, so off the loop."""
    found = destructions.past(what)
    counted = Counter((one.retention, one.state) for one in found)
    counts = {(one, state): counted[one, state] for one in CLASSES for state in STATES}
    since = found[0].until if found else None
    return Waiting(what, counts, since, tuple(due(found)[:MOST_AT_ONCE]))
