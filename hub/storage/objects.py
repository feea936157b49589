"""Where sealed objects lie: in a folder, or in S3 (``objects_s3.py``).

    <group>/<name>    group: what is removed as a whole, as a material; name: one sealed piece

Nothing here knows what an object is: all are sealed before they come. What ``put`` has returned
from is durable; an object is there whole or not at all.
"""

import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Protocol

from certs.keys import sync_folder
from hub.errors import StorageRefused

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z", re.ASCII)
"""What groups and objects may be called: no path leads anywhere else."""
_PART = ".part"


class ObjectGone(StorageRefused):
    """There is no such object."""

    code = "storage-refused"


class Objects(Protocol):
    """A store of sealed objects; raises ``StorageRefused`` for whatever it cannot do."""

    def put(self, group: str, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Keep an object, durably; whether it is kept: one of its name stays unless ``replace``."""

    def get(self, group: str, name: str) -> bytes:
        """An object; raises ``ObjectGone`` if there is none."""

    def names(self, group: str) -> list[str]:
        """The names of a group's objects, sorted."""

    def settle(self, group: str) -> None:
        """Take away what a ``put`` that was cut off has left."""

    def remove(self, group: str) -> None:
        """Remove all of a group, durably; there may be nothing."""

    def check(self) -> None:
        """Raise ``StorageRefused`` unless the store is there."""


class FolderObjects:
    """Objects as files: ``<root>/<group>/<name>``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, group: str, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Write beside, make durable, and give it its name."""
        path = self._path(group, name)
        part = path.with_name(f"{secrets.token_hex(8)}{_PART}")
        try:
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_folder(path.parent.parent)
                sync_folder(path.parent.parent.parent)
            try:
                _write(part, data)
                if replace:
                    part.replace(path)
                else:
                    # Unlike a renaming, a link takes no other's place.
                    path.hardlink_to(part)
            finally:
                part.unlink(missing_ok=True)
            sync_folder(path.parent)
        except FileExistsError:
            return False
        except OSError as error:
            raise StorageRefused(why="objects") from error
        return True

    def get(self, group: str, name: str) -> bytes:
        """The bytes of the file."""
        try:
            return self._path(group, name).read_bytes()
        except FileNotFoundError as error:
            raise ObjectGone(why="object-gone") from error
        except OSError as error:
            raise StorageRefused(why="objects") from error

    def names(self, group: str) -> list[str]:
        """The names of the files, but for those that are being written."""
        try:
            found = [path.name for path in self._group(group).iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageRefused(why="objects") from error
        return sorted(name for name in found if not name.endswith(_PART))

    def settle(self, group: str) -> None:
        """Delete what was being written and has no name yet."""
        for part in self._group(group).glob(f"*{_PART}"):
            part.unlink(missing_ok=True)

    def remove(self, group: str) -> None:
        """Delete the folder of the group."""
        root = self._group(group)
        try:
            shutil.rmtree(root)
            sync_folder(root.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageRefused(why="objects") from error

    def check(self) -> None:
        """The folder is made when first needed; what stands there must be one of ours to use."""
        if self._root.exists() and not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
            raise StorageRefused(why="objects")

    def _group(self, group: str) -> Path:
        return self._root / checked(group)

    def _path(self, group: str, name: str) -> Path:
        return self._group(group) / checked(name)


def checked(name: str) -> str:
    """A name of ours; raises ``StorageRefused`` for any other."""
    if not NAME.match(name):
        raise StorageRefused(why="object-name")
    return name


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
