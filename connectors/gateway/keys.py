"""Keys of calling systems: each with its own purposes, datasets and rate.

A key is 256 random bits, shown once; ``gateway.keys.json`` (mode 0600) keeps its SHA-256. A slow
hash would protect a word that a person chose; nobody guesses 256 bits.
"""

import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from certs.canonical import canonical, parse
from certs.encoding import b64u, rfc3339, sha256, unb64u
from certs.errors import InsecureKeyFile, Malformed
from certs.keys import read_secret, write_secret
from connectors.errors import HomeError
from connectors.gateway.errors import KeyRefused, KeysBroken, KeyTaken, KeyUnknown, TooManyKeys
from connectors.home import sync_folder

FILE = "gateway.keys.json"
PREFIX = "yifen_"
"""Before the key, so that a scanner for lost secrets knows what it has found."""
SCHEME = "Bearer "
KEY_BYTES = 32
MOST_KEYS = 100
MOST_BYTES = 1024 * 1024
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]


class Key(BaseModel):
    """One calling system.

    ``datasets`` None are all that the department has; ``rate`` is questions a second, None is no
    limit of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Code
    digest: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$"), Field(repr=False)]
    purposes: Annotated[tuple[Code, ...], Field(min_length=1)]
    datasets: Annotated[tuple[Code, ...], Field(min_length=1)] | None
    rate: Annotated[int, Field(ge=1, le=100_000)] | None
    created: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1]
    keys: Annotated[tuple[Key, ...], Field(max_length=MOST_KEYS)]


def read_keys(path: Path) -> tuple[Key, ...]:
    """All keys; none if there is no file yet. Raises ``KeysBroken`` or ``InsecureKeyFile``."""
    try:
        data = read_secret(path)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise KeysBroken(why="file") from error
    try:
        parse(data, max_bytes=MOST_BYTES, max_depth=4)
        return _File.model_validate_json(data).keys
    except (Malformed, ValidationError) as error:
        raise KeysBroken(why="form") from error


def add_key(
    path: Path,
    name: str,
    *,
    purposes: tuple[str, ...],
    datasets: tuple[str, ...] | None,
    rate: int | None,
    now: int,
) -> str:
    """Make a key; gives it, and it cannot be had again.

    Raises ``KeyTaken``, ``TooManyKeys`` or ``KeysBroken`` (fact ``why`` names what is wrong).
    """
    secret = PREFIX + b64u(os.urandom(KEY_BYTES))
    try:
        key = Key(
            name=name,
            digest=_digest(secret),
            purposes=tuple(sorted(set(purposes))),
            datasets=None if datasets is None else tuple(sorted(set(datasets))),
            rate=rate,
            created=rfc3339(now),
        )
    except ValidationError as error:
        raise KeysBroken(why=str(error.errors()[0]["loc"][0])) from error

    def adding(keys: tuple[Key, ...]) -> tuple[Key, ...]:
        if any(one.name == name for one in keys):
            raise KeyTaken(name=name)
        if len(keys) >= MOST_KEYS:
            raise TooManyKeys(limit=MOST_KEYS)
        return (*keys, key)

    _change(path, adding)
    return secret


def remove_key(path: Path, name: str) -> None:
    """Take a key away; a gateway that serves turns it away from the next request on.

    Raises ``KeyUnknown`` or ``KeysBroken``.
    """

    def removing(keys: tuple[Key, ...]) -> tuple[Key, ...]:
        left = tuple(one for one in keys if one.name != name)
        if len(left) == len(keys):
            raise KeyUnknown(name=name)
        return left

    _change(path, removing)


class KeyBook:
    """The keys of a serving gateway, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[tuple[bytes, Key], ...] = ()

    def find(self, authorization: str) -> Key:
        """The key of an ``Authorization`` header.

        Raises ``KeyRefused``; or ``KeysBroken``, and then nobody gets in.
        """
        self._refresh()
        given = sha256(authorization.removeprefix(SCHEME).encode("latin-1", "replace"))
        # Every digest is compared, whole: neither the time nor the order tells anything.
        found = [key for kept, key in self._keys if hmac.compare_digest(kept, given)]
        if not found or not authorization.startswith(SCHEME + PREFIX):
            raise KeyRefused
        return found[0]

    def names(self) -> tuple[str, ...]:
        """The names of all keys; raises as ``find`` does."""
        self._refresh()
        return tuple(key.name for _, key in self._keys)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            now = (status.st_ino, status.st_mtime_ns, status.st_mode)
        except FileNotFoundError:
            now = None
        if now is None:
            self._seen, self._keys = None, ()
        elif now != self._seen:
            self._keys, self._seen = (), None
            try:
                keys = read_keys(self._path)
            except InsecureKeyFile as error:  # where it lies is nobody's business out there
                raise KeysBroken(why="mode") from error
            self._keys = tuple((unb64u(key.digest), key) for key in keys)
            self._seen = now


def _digest(secret: str) -> str:
    return b64u(sha256(secret.encode("ascii")))


def _change(path: Path, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> None:
    """Replace the file whole; the file beside it keeps a second command out meanwhile."""
    beside = path.with_name(path.name + ".part")
    keys = change(read_keys(path))
    data = canonical({"v": 1, "keys": [key.model_dump(mode="json") for key in keys]})
    try:
        write_secret(beside, data)
    except FileExistsError as error:
        raise KeysBroken(why="locked") from error
    except OSError as error:
        raise HomeError(path=str(path)) from error
    try:
        # What another command wrote between our reading and our lock must not be lost.
        if change(read_keys(path)) != keys:
            raise KeysBroken(why="locked")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)
