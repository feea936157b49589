"""What is refused of a catalogue entry."""

from collections.abc import Sequence

from hub.access.document import Gap
from hub.errors import HubError


class EntryIncomplete(HubError):
    """Something is missing or wrong; fact ``gaps`` names every place and what of it."""

    code = "entry-incomplete"

    def __init__(self, gaps: Sequence[Gap]) -> None:
        super().__init__(gaps="; ".join(f"{gap.where}: {gap.why}" for gap in gaps))
        self.gaps = tuple(gaps)
