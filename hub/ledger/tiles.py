"""Tiles and entry bundles as auditors and witnesses read them (C2SP ``tlog-tiles``).

    tile/<L>/<N>[.p/<W>]         W hashes of level L, 32 bytes each; 256 without ``.p/<W>``
    tile/entries/<N>[.p/<W>]     leaves, each after its length in two bytes, big-endian

``<N>`` is written in groups of three digits, all but the last after an ``x``: 1234067 is
``x001/x234/067``. A tile is cut from what the checkpointer has written, so nothing beyond the
newest checkpoint is ever given out, and a partial one stays what it was while the tree grows.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from certs.tree import HASH_BYTES
from hub.errors import NotFound
from hub.ledger.checkpoint import TILE
from hub.storage.sqlite import Connection

ENTRIES = "entries"
_LENGTH_BYTES = 2
_LEVELS = 64
_GROUP = 1000
# Six groups of three digits reach beyond every size that a checkpoint can name.
_PATH = re.compile(
    r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z", re.ASCII
)


class TilePath(NamedTuple):
    """Which tile is meant: ``level`` is None for entries, ``width`` None for a full one."""

    level: int | None
    position: int
    width: int | None


class Coordinates(NamedTuple):
    """One tile of a tree: how many hashes (1 to 256) of its level it holds, from which on."""

    level: int
    position: int
    width: int


def tile(connection: Connection, level: int, index: int, width: int = TILE) -> bytes:
    """The first ``width`` hashes of a tile; raises ``NotFound`` if the tree does not reach it."""
    row = connection.execute(
        "SELECT substr(hashes, 1, ?) FROM tiles WHERE level = ? AND position = ?",
        (width * HASH_BYTES, level, index),
    ).fetchone()
    if row is None or len(row[0]) != width * HASH_BYTES:
        raise NotFound(what="tile")
    data: bytes = row[0]
    return data


def bundle(connection: Connection, index: int, width: int = TILE) -> bytes:
    """The first ``width`` leaves of a bundle; raises ``NotFound`` if they are not published."""
    row = connection.execute(
        "SELECT length(hashes) FROM tiles WHERE level = 0 AND position = ?", (index,)
    ).fetchone()
    if row is None or row[0] < width * HASH_BYTES:
        raise NotFound(what="tile")
    first = index * TILE
    leaves: list[bytes] = [
        leaf
        for (leaf,) in connection.execute(
            "SELECT leaf FROM entries WHERE position >= ? AND position < ? ORDER BY position",
            (first, first + width),
        )
    ]
    if len(leaves) != width:
        raise NotFound(what="tile")
    return b"".join(len(leaf).to_bytes(_LENGTH_BYTES, "big") + leaf for leaf in leaves)


def tile_path(level: int | None, index: int, width: int | None = None) -> str:
    """The path of a tile after ``tile/``; ``level`` None for entries, ``width`` None for all."""
    digits = f"{index % _GROUP:03d}"
    while index := index // _GROUP:
        digits = f"x{index % _GROUP:03d}/{digits}"
    partial = "" if width is None or width == TILE else f".p/{width}"
    return f"{ENTRIES if level is None else level}/{digits}{partial}"


def parse_path(text: str) -> TilePath:
    """What a path after ``tile/`` means; raises ``NotFound`` unless it is the one spelling."""
    match = _PATH.match(text)
    if match is None:
        raise NotFound(what="tile")
    name, digits, partial = match.groups()
    level = None if name == ENTRIES else int(name)
    index = int(digits.replace("/", "").replace("x", ""))
    width = None if partial is None else int(partial)
    if (level or 0) >= _LEVELS or (width or 1) >= TILE or tile_path(level, index, width) != text:
        raise NotFound(what="tile")
    return TilePath(level, index, width)


def tiles_of(size: int) -> Iterator[Coordinates]:
    """Every tile of a tree of ``size``, level by level; level 0 gives the bundles as well."""
    level, hashes = 0, size
    while hashes:
        full, rest = divmod(hashes, TILE)
        for index in range(full):
            yield Coordinates(level, index, TILE)
        if rest:
            yield Coordinates(level, full, rest)
        level, hashes = level + 1, full
