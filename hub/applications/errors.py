"""What is refused of an application."""

from collections.abc import Sequence

from hub.applications.application import Gap
from hub.errors import HubError


class ApplicationIncomplete(HubError):
    """Something is missing or wrong; fact ``gaps`` names every place and what of it."""

    code = "application-incomplete"

    def __init__(self, gaps: Sequence[Gap]) -> None:
        super().__init__(gaps="; ".join(f"{gap.where}: {gap.why}" for gap in gaps))
        self.gaps = tuple(gaps)
