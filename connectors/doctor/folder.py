"""The connector's own folder: who may look in, settings, certificate, store, disk."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from certs.certificates import verify_certificate
from connectors.clock import Clock
from connectors.doctor.finding import Finding, bad, good, tried, warn
from connectors.enrolment import RENEW_AT
from connectors.gateway.keys import FILE
from connectors.home import Home, Identity, check_private
from connectors.receipts.sqlite import require_version

DAY = 86_400_000
LEAST_FREE = 1 << 30
"""Bytes of free disk below which it is time to act."""


def folder(path: Path) -> Iterator[Finding]:
    """What can be said before the folder has been read."""
    home = Home(path)
    yield tried("sqlite", lambda: good("sqlite", version=require_version()))
    if not path.exists():
        return
    yield tried("folder", lambda: _private(path))
    secrets = [home.key, home.next_key, home.receipts, path / FILE]
    open_to_others = [file.name for file in secrets if file.exists() and _is_open(file)]
    if open_to_others:
        yield bad("files", "open", files=", ".join(open_to_others))
    else:
        yield good("files")
    free = shutil.disk_usage(path).free
    facts = {"free": free >> 20}
    yield good("disk", **facts) if free >= LEAST_FREE else warn("disk", "little", **facts)


def certificate(home: Home, identity: Identity, clock: Clock) -> Iterator[Finding]:
    """The pinned root (reading the folder has compared it) and our certificate under it."""
    yield good("root", root=identity.settings.root)

    def life() -> Finding:
        facts = identity.certificate
        verify_certificate(
            facts.der, home.issuing.read_bytes(), identity.root, now=clock(), usage="connector"
        )
        left = facts.not_after - clock()
        told = {"days": left // DAY}
        if left * RENEW_AT < facts.not_after - facts.not_before:
            return warn("certificate", "ending", **told)
        return good("certificate", **told)

    yield tried("certificate", life)


def _private(path: Path) -> Finding:
    check_private(path)
    return good("folder")


def _is_open(file: Path) -> bool:
    return os.name == "posix" and bool(stat.S_IMODE(file.stat().st_mode) & 0o077)
