"""What looks into a file that has come, in a process of its own with bounds.

    1 digest    every piece opens, and the whole has the digest that was announced
    2 kind      the bytes are what was announced, and nothing else beside
    3 scan      the scanner of the settings finds nothing
    4 form      it opens: an OFD is unpacked within bounds, a picture or first page made small

It is given the material's key and no other on its standard input, reads sealed pieces itself, and
writes no file. What it says on its standard output is one line of JSON.
"""

import base64
import hashlib
import io
import json
import resource
import sys
from pathlib import Path
from typing import BinaryIO, cast

from certs.errors import YifenError
from certs.sealing import SealingKey
from hub.errors import Unprocessable
from hub.materials.kinds import OFD, PDF, kind_of
from hub.materials.scanning import scanner_of
from hub.materials.sealed import SealedFile, SealedReader
from hub.materials.store import open_objects
from hub.settings import load
from hub.storage.folder import Folder

MEMORY = 1 << 30
"""Bytes of address space: a picture of the largest size unpacked, and a small one of it."""
SECONDS = 60
"""Of the processor."""


def main() -> int:
    """Read one order and answer it."""
    _bound()
    order = json.loads(sys.stdin.buffer.read())
    try:
        thumbnail = _examine(order)
    except Unprocessable as error:
        told = {"refused": str(error.facts["why"])}
    except YifenError as error:
        told = {"unavailable": str(error.facts.get("why", error.code))}
    except MemoryError:
        told = {"refused": "file-bomb"}
    else:
        told = {"thumbnail": base64.b64encode(thumbnail).decode("ascii")}
    sys.stdout.write(json.dumps(told))
    return 0


def _examine(order: dict[str, str]) -> bytes:
    """The thumbnail, empty where there is none; raises ``Unprocessable`` or ``StorageRefused``."""
    folder = Folder(Path(order["folder"]))
    settings = load(folder.settings)
    size = int(order["size"])
    key = SealingKey(base64.b64decode(order["key"]))
    sealed = SealedFile(open_objects(settings, folder), order["material"], key, size)
    # 1 digest
    whole = hashlib.sha256()
    for piece in sealed.read():
        whole.update(piece)
    if whole.hexdigest() != order["sha256"]:
        raise Unprocessable(why="digest")
    # 2 kind
    file = cast("BinaryIO", io.BufferedReader(SealedReader(sealed), 1 << 16))
    found = kind_of(file, size)
    if found != order["media_type"]:
        raise Unprocessable(why="file-type-other")
    # 3 scan
    scanner = scanner_of(settings.materials.scanner)
    if scanner is not None and scanner.finds(sealed.read()):
        raise Unprocessable(why="file-malware")
    # 4 form
    return _form(file, found, size)


def _form(file: BinaryIO, kind: str, size: int) -> bytes:
    if kind == OFD:
        from hub.materials.ofd import check_ofd  # noqa: PLC0415 each kind brings its own parser

        check_ofd(file, size)
        return b""
    from hub.materials.pictures import (  # noqa: PLC0415
        thumbnail_of_page,
        thumbnail_of_picture,
    )

    return thumbnail_of_page(file) if kind == PDF else thumbnail_of_picture(file, kind)


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
