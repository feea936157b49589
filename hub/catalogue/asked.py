"""What somebody looks for, as it comes in an address: bounded, and never about a person."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from catalog.definition import FAMILIES
from catalog.search import LONGEST, Wanted
from hub.errors import Unprocessable

_NUMBER = re.compile(r"[0-9]{14}")
"""A resident's number or most of one: it has no business in an address, nor in the catalogue."""
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,47}\Z|\Z", re.ASCII)
_SHARING = {"": 0, "1": 1, "2": 2, "3": 3}
Member = Literal["q", "family", "provider", "sharing", "item"]
MEMBERS: tuple[Member, ...] = get_args(Member)


def read_wanted(query: Mapping[str, str]) -> Wanted:
    """What is looked for; members that are not ours are left alone. Raises ``Unprocessable``."""
    text, item = (_words(query, name) for name in ("q", "item"))
    family, provider, sharing = (query.get(name, "") for name in ("family", "provider", "sharing"))
    if family and family not in FAMILIES:
        raise Unprocessable(why="family")
    if not _CODE.match(provider):
        raise Unprocessable(why="provider")
    if sharing not in _SHARING:
        raise Unprocessable(why="sharing")
    return Wanted(text, family, provider, _SHARING[sharing], item)


def read_name(query: Mapping[str, str]) -> str:
    """The name of an item that is looked for; raises ``Unprocessable``."""
    name = _words(query, "name").strip()
    if not name:
        raise Unprocessable(why="name")
    return name


def _words(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "")
    if len(text) > LONGEST:
        raise Unprocessable(why=name)
    if _NUMBER.search(text):
        raise Unprocessable(why="number-of-a-person")
    return text
