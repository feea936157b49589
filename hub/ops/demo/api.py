"""The hub's routes for people, as the demonstration needs them.

``hub/commands`` has the client and hands it in: operations stand below the commands.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from certs.canonical import Json


class Api(Protocol):
    """The API as a signed-in person, or as nobody in particular."""

    def call(self, method: str, path: str, body: Mapping[str, Json] | None = None) -> Json:
        """One call.

        Raises ``Unavailable`` if nobody answers, and an error of code ``call-refused`` with the
        fact ``status`` for a problem document.
        """

    def close(self) -> None:
        """Close the connections."""


Connect: TypeAlias = Callable[[str, str | None], Api]
"""An API from the hub's address and the token of a session."""
CALL_REFUSED = "call-refused"
