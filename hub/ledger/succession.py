"""Whether what goes live of a dataset follows what stood, as the entries of publications say it."""

from collections.abc import Mapping

from certs.canonical import Json

_State = Mapping[str, Json]
_NOTHING: _State = {}


def follows(before: _State | None, state: _State) -> bool:
    """Whether a live publication may come after the one ``before`` it, None for the first.

    Numbers never go back. A change set is to the very rows that stood, by their digest, and is the
    next version and the next number; entries of before change sets have neither.
    """
    stood = before or _NOTHING
    number, version = _whole(state.get("sequence", 0)), _whole(state.get("version"))
    last, last_version = _whole(stood.get("sequence", 0)), _whole(stood.get("version", 0))
    if None in {number, version, last, last_version} or number is None or last is None:
        return False
    if state.get("mode", "full") != "changes":
        return number >= last
    return (number, version, state.get("generation"), state.get("before")) == (
        last + 1,
        (last_version or 0) + 1,
        stood.get("generation"),
        stood.get("digest"),
    )


def _whole(value: Json) -> int | None:
    return value if type(value) is int else None
