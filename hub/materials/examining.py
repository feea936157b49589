"""Starting ``examiner.py`` for a file that has come, and understanding what it says.

What brings a parser down must find nothing there: the process inherits three pipes, no variable of
the environment but those named here, and takes no module from the folder that the hub stands in.
"""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from hub.errors import StorageRefused, Unprocessable

SECONDS = 180.0
"""Until a process that says nothing is ended: most of it may be the scanner's time."""
AT_ONCE = 2
"""Files that one process has looked into at the same time; others wait."""
MAX_THUMBNAIL = 1 << 20
"""Bytes that a thumbnail may have; ours have some ten thousand."""
_HERE = Path(__file__).resolve().parents[2]
_KEPT = ("LD_LIBRARY_PATH", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE")
_SLUG = re.compile(r"[a-z-]{1,40}\Z", re.ASCII)
_SAYS = {"refused": Unprocessable, "unavailable": StorageRefused}
_T = TypeVar("_T")


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
        # Of its own: files that wait must not stand in the way of everything else beside the loop.
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="examining")

    async def beside(self, work: Callable[[], _T]) -> _T:
        """Run ``work``, which examines, beside the loop as soon as there is room for it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

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
        try:
            done = subprocess.run(
                [sys.executable, "-B", "-P", "-m", "hub.materials.examiner"],
                input=json.dumps(given).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                env=_environment(),
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            # A file that keeps the processor busy is ended long before: this is not its fault.
            raise StorageRefused(why="examiner") from error
        if done.returncode != 0:
            # Bytes that bring a parser down, or run into its bounds, are refused for it.
            raise Unprocessable(why="file-unreadable")
        return _told(done.stdout)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": str(_HERE), "LC_ALL": "C.UTF-8"}


def _told(output: bytes) -> bytes:
    """What it said, if it said one thing: a parser that was taken over may say anything."""
    try:
        ((what, value),) = json.loads(output).items()
        if what == "thumbnail":
            thumbnail = base64.b64decode(value, validate=True)
            if len(thumbnail) <= MAX_THUMBNAIL:
                return thumbnail
        elif what in _SAYS and _SLUG.match(value):
            raise _SAYS[what](why=value)
    except (AttributeError, TypeError, ValueError) as error:
        raise Unprocessable(why="file-unreadable") from error
    raise Unprocessable(why="file-unreadable")
