"""What ``hub doctor`` says of the hub's own keys: what is missing, ends soon, or has no copy."""

from collections.abc import Iterator
from functools import partial

from certs.authority import Authority
from certs.encoding import rfc3339
from certs.errors import YifenError
from certs.keys import PrivateKey
from certs.tokens import SessionTokens
from hub.clock import DAY, Clock
from hub.keys.files import FILE_USES, first_file
from hub.keys.listing import ends
from hub.keys.master import Master
from hub.keys.register import Key, registered
from hub.keys.ring import KeyRing
from hub.ops.finding import Finding, tried
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection

SOON_MS = 90 * DAY
"""How long before its end a key or certificate is told of."""
COPY_CHECKED_MS = 366 * DAY
"""A copy that nobody has read for so long may have become unreadable."""


class KeyEnds(YifenError):
    """A key's certificate ends soon, or has ended; facts ``use``, ``id`` and ``ends``."""

    code = "key-ends"


def key_findings(
    folder: Folder, settings: Settings, connection: Connection, clock: Clock
) -> Iterator[Finding]:
    """Look at every key of the hub."""
    yield tried("master-key", lambda: Master(settings.master_key, connection))
    yield tried("authority", lambda: Authority.load(folder.keys))
    register = registered(connection)
    if register:
        yield tried("key-files", lambda: KeyRing(folder, connection, settings.name, clock))
    else:
        yield from _first_files(folder, settings)
    yield from _ending(folder, register, clock())
    yield _copy(register, clock())


def _first_files(folder: Folder, settings: Settings) -> Iterator[Finding]:
    """The keys of a hub that was not opened by this release yet."""
    for use in FILE_USES:
        path = first_file(folder.keys, use)
        if use == "credential":
            continue  # hubs of before licences have none, and make one when they are opened
        if use == "session":
            yield tried("key-files", partial(SessionTokens.load, path, settings.name))
        else:
            yield tried("key-files", partial(PrivateKey.load, path))


def _ending(folder: Folder, register: tuple[Key, ...], now: int) -> Iterator[Finding]:
    ending = [
        KeyEnds(use=key.use, id=key.id, ends=rfc3339(end))
        for key in register
        if key.status == "active" and key.until is None and (end := ends(key)) is not None
        if end < now + SOON_MS
    ]
    try:
        authority = Authority.load(folder.keys)
    except (YifenError, OSError):
        pass  # told already
    else:
        for use, end in (("issuing", authority.not_after), ("root", authority.root_not_after)):
            if end < now + SOON_MS:
                ending.append(KeyEnds(use=use, id="-", ends=rfc3339(end)))
    for error in ending:
        yield Finding("key-ends", "warn", error)
    if not ending:
        yield Finding("key-ends", "good")


def _copy(register: tuple[Key, ...], now: int) -> Finding:
    for key in register:
        if key.use == "master" and key.status == "active":
            if key.copied is None:
                return Finding("master-copy", "warn")
            return Finding("copy-checked", "good" if now < key.copied + COPY_CHECKED_MS else "warn")
    return Finding("master-copy", "warn")
