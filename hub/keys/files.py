"""Where the files of keys lie, and how one is destroyed.

keys/<use>.key          the first key of a use, as ``hub init`` makes it
keys/<use>-<id>.key     every later one; of mode 0600
keys/<use>-<id>.pem     its certificate, for whoever restores without the newest database
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from certs.errors import InsecureKeyFile, KeyUnusable
from certs.keys import PrivateKey, sync_folder
from certs.tokens import SessionTokens
from hub.keys.register import id_of

FileUse: TypeAlias = Literal["receipt", "checkpoint", "session", "credential"]
FILE_USES: tuple[FileUse, ...] = ("receipt", "checkpoint", "session", "credential")
_NAMED = re.compile(r"(receipt|checkpoint|session|credential)-([0-9a-f]{32})\.key\Z", re.ASCII)


def named_file(keys: Path, use: str, id_: str) -> Path:
    """Where a key other than the first of its use lies."""
    return keys / f"{use}-{id_}.key"


def first_file(keys: Path, use: str) -> Path:
    """Where the first key of a use lies."""
    return keys / f"{use}.key"


def find(keys: Path, use: str, id_: str, hub: str) -> Path | None:
    """The file of a key; None if it is not there."""
    named = named_file(keys, use, id_)
    if named.exists():
        return named
    first = first_file(keys, use)
    return first if id_in(first, use, hub) == id_ else None


def id_in(path: Path, use: str, hub: str) -> str | None:
    """The name of the key in a file; None if there is none, or nothing that can be read as one.

    Raises ``InsecureKeyFile`` if others may read it.
    """
    try:
        if use == "session":
            return SessionTokens.load(path, hub).id
        return id_of(PrivateKey.load(path).public)
    except InsecureKeyFile:
        raise
    except (OSError, KeyUnusable):
        return None


def stored(keys: Path, hub: str) -> Iterator[tuple[Path, FileUse, str, bool]]:
    """Every file of a key: path, use, the key's name, and whether it is the first of its use."""
    for path in sorted(keys.glob("*-*.key")):
        match = _NAMED.match(path.name)
        if match is not None:
            use = next(one for one in FILE_USES if one == match[1])
            yield path, use, match[2], False
    for use in FILE_USES:
        path = first_file(keys, use)
        found = id_in(path, use, hub)
        if found is not None:
            yield path, use, found, True


def write_public(path: Path, pem: bytes) -> None:
    """Keep a certificate beside its key, whole or not at all, durably."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)
