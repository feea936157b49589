"""Canonical JSON (RFC 8785) without floats, and the strict reader of JSON from outside.

orjson writes what RFC 8785 asks for as long as there are no floats and no key has characters
beyond U+D7FF (RFC 8785 sorts by UTF-16 code units, orjson by bytes); both are refused on reading.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

import orjson

from certs.errors import MalformedJson

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_LAST_KEY_CHARACTER = "\ud7ff"


def canonical(value: Json) -> bytes:
    """``value`` as RFC 8785 writes it.

    The type admits no floats; integers beyond 2^53 and other foreign values raise
    ``MalformedJson``.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise MalformedJson(why="not-canonical") from error


def parse(data: bytes, *, max_bytes: int, max_depth: int) -> Json:
    """Read JSON from outside; ``max_depth`` counts nested objects and arrays.

    Raises ``MalformedJson`` (fact ``why``) for anything above a limit, invalid UTF-8, duplicate
    keys, floats, NaN and integers beyond 2^53. What is already canonical, as our own connectors
    send it, has no duplicates and needs one pass only.
    """
    if len(data) > max_bytes:
        raise MalformedJson(why="too-large")
    try:
        value: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(why="syntax") from error
    _check(value, max_depth)
    if canonical(value) != data:
        _refuse_duplicates(data)
    return value


def _check(value: Json, depth: int) -> None:
    """Raise unless ``value`` has at most ``depth`` levels, sound keys and no floats."""
    if isinstance(value, dict):
        if depth == 0:
            raise MalformedJson(why="too-deep")
        for key, member in value.items():
            if not key.isascii() and max(key) > _LAST_KEY_CHARACTER:
                raise MalformedJson(why="key")
            if type(member) is not str:
                _check(member, depth - 1)
    elif isinstance(value, list):
        if depth == 0:
            raise MalformedJson(why="too-deep")
        for member in value:
            _check(member, depth - 1)
    elif isinstance(value, float):
        raise MalformedJson(why="float")


def _refuse_duplicates(data: bytes) -> None:
    """Raise if an object has a key twice; ``data`` is known to be JSON."""
    try:
        json.loads(data, object_pairs_hook=_unique, parse_float=_float, parse_constant=_float)
    except RecursionError as error:
        raise MalformedJson(why="too-deep") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJson(why="duplicate-key")
    return members


def _float(_text: str) -> NoReturn:
    raise MalformedJson(why="float")
