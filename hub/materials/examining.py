"""Starting ``examiner.py`` for a file that has come, and understanding what it says."""

import base64
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from hub.errors import StorageRefused, Unprocessable

SECONDS = 180.0
"""Until a process that says nothing is ended: most of it may be the scanner's time."""
AT_ONCE = 2
"""Files that one process has looked into at the same time; others wait."""


class Order(NamedTuple):
    """A file to look into; ``key`` is the material's own and goes through a pipe."""

    material: str
    key: bytes
    size: int
    media_type: str
    sha256: str


class Examining:
    """Has files looked into; for the threads of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def examine(self, order: Order) -> bytes:
        """The thumbnail, empty where the kind has none.

        Raises ``Unprocessable`` with what is wrong with the file, and ``StorageRefused`` if that
        could not be found out.
        """
        given = {
            "folder": str(self._folder),
            "material": order.material,
            "key": base64.b64encode(order.key).decode("ascii"),
            "size": str(order.size),
            "media_type": order.media_type,
            "sha256": order.sha256,
        }
        with self._room:
            try:
                done = subprocess.run(
                    [sys.executable, "-B", "-m", "hub.materials.examiner"],
                    input=json.dumps(given).encode(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    timeout=SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise Unprocessable(why="file-unreadable") from error
            except OSError as error:
                raise StorageRefused(why="examiner") from error
        if done.returncode != 0:
            # Bytes that bring a parser down, or run into its bounds, are refused for it.
            raise Unprocessable(why="file-unreadable")
        return _told(done.stdout)


def _told(output: bytes) -> bytes:
    told = json.loads(output)
    if "refused" in told:
        raise Unprocessable(why=told["refused"])
    if "unavailable" in told:
        raise StorageRefused(why=told["unavailable"])
    return base64.b64decode(told["thumbnail"])
