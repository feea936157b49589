"""``hub doctor``: what is well with a hub's folder, what is not, and what to do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from certs.authority import Authority
from certs.errors import YifenError
from certs.keys import PrivateKey, read_secret
from certs.sealing import MasterKey
from hub.ledger.start import check_head
from hub.settings import Settings, load
from hub.storage.create import require_newest
from hub.storage.folder import Folder
from hub.storage.sqlite import connect, require_version

Verdict: TypeAlias = Literal["good", "warn", "bad"]
LEAST_FREE = 2 << 30
"""Bytes of free disk below which it is time to act."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``error`` is the error of ours that was met, if one was."""

    what: str
    verdict: Verdict
    error: YifenError | None = None


def examine(root: Path) -> Iterator[Finding]:
    """Look at everything; goes on after what is bad as far as that makes sense."""
    folder = Folder(root)
    yield _tried("sqlite", require_version)
    try:
        settings = load(folder.settings)
    except YifenError as error:
        yield Finding("settings", "bad", error)
        return
    yield Finding("settings", "good")
    yield _tried("database", lambda: require_newest(folder))
    yield from _keys(folder, settings)
    yield _tried("ledger", lambda: _ledger(folder, settings))
    root_key = folder.keys / "root" / "root.key"
    yield Finding("root-key", "warn" if root_key.exists() else "good")
    apart = not settings.master_key.resolve().is_relative_to(folder.root.resolve())
    yield Finding("master-apart", "good" if apart else "warn")
    # What lies in the folder is lost with it, and set back with it.
    apart = not settings.checkpoint_copy.resolve().is_relative_to(folder.root.resolve())
    yield Finding("checkpoint-apart", "good" if apart else "warn")
    free = shutil.disk_usage(folder.root).free
    yield Finding("disk", "good" if free >= LEAST_FREE else "warn")


def _keys(folder: Folder, settings: Settings) -> Iterator[Finding]:
    yield _tried("master-key", lambda: MasterKey.load(settings.master_key))
    yield _tried("authority", lambda: Authority.load(folder.keys))
    for name in ("receipt", "checkpoint"):
        path = folder.keys / f"{name}.key"
        yield _tried(f"{name}-key", partial(PrivateKey.load, path))
    yield _tried("session-key", lambda: read_secret(folder.keys / "session.key"))


def _ledger(folder: Folder, settings: Settings) -> None:
    connection = connect(folder.control)
    try:
        key = PrivateKey.load(folder.keys / "checkpoint.key").public
        check_head(connection, settings, key)
    finally:
        connection.close()


def _tried(what: str, check: Callable[[], object]) -> Finding:
    try:
        check()
    except YifenError as error:
        return Finding(what, "bad", error)
    except OSError:
        return Finding(what, "bad")
    return Finding(what, "good")
