"""Acting at the terminal as the person whose session is kept."""

from pathlib import Path

from certs.keys import read_secret, write_secret
from hub.commands.speech import Place
from hub.errors import NotSignedIn
from hub.ops.api import Api, CallRefused, rows_of

__all__ = ["Api", "CallRefused", "keep_session", "rows_of", "signed_in"]


def signed_in(place: Place) -> Api:
    """The API as the person whose session is kept; raises ``NotSignedIn``."""
    if not place.session.exists():
        raise NotSignedIn
    return Api(place.address, read_secret(place.session).decode("ascii").strip())


def keep_session(path: Path, token: str) -> None:
    """Keep a session's token in a file of mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    write_secret(path, token.encode("ascii"))
