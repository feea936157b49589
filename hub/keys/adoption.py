"""The register of a hub that has none yet, and keys that its database does not know.

``hub init`` leaves four keys in their files, and so did every release before this one: they are
entered when the hub is opened first. A database that was restored may be older than its folder of
keys; then a newer key that leads to our root is taken up, as its rotation has already been seen.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from certs.certificates import read_certificate, verify_certificate
from certs.errors import CertificateError, KeyUnusable
from certs.keys import PrivateKey
from hub.keys.errors import KeyFileMissing
from hub.keys.files import FILE_USES, FileUse, first_file, id_in, stored, write_public
from hub.keys.kept import keep, lacking
from hub.keys.making import Maker
from hub.keys.master import Master
from hub.keys.register import Key, Unchanged, enter, registered
from hub.keys.rotation import end, standing
from hub.ledger.change import Actor, Change, Changes
from hub.storage.sqlite import Connection
from hub.storage.tables import SigningKeyRow


def adopt(
    reading: Connection, changes: Changes, maker: Maker, master: Master, actor: Actor, *, new: bool
) -> None:
    """Enter every key that the register lacks; does nothing if there is none.

    ``new``: this is ``hub init``, and nothing hangs yet on what older hubs derived. Raises
    ``KeyFileMissing`` if a first key is not there.
    """
    if not _to_do(reading, maker):
        return
    with suppress(Unchanged), changes.change(actor) as change:
        if not _to_do(reading, maker):
            # Several processes start at once, and another one was first.
            raise Unchanged
        for use in FILE_USES:
            known = [key for key in registered(reading) if key.use == use]
            if not known:
                enter(change, _first(change, maker, use))
            _take_up(change, maker, use, known)
        key = master.key
        if not standing(change.session, "master"):
            row = SigningKeyRow(
                id=key.fingerprint, use="master", status="active", since=change.time
            )
            enter(change, row)
        for label in lacking(reading):
            keep(change, key, label, derived=not new)


def _to_do(reading: Connection, maker: Maker) -> bool:
    register = registered(reading)
    uses = {key.use for key in register}
    if not uses.issuperset((*FILE_USES, "master")) or lacking(reading):
        return True
    return any(_newer(maker, use, [key for key in register if key.use == use]) for use in FILE_USES)


def _first(change: Change, maker: Maker, use: FileUse) -> SigningKeyRow:
    """The row of the key that a hub began with."""
    path = first_file(maker.keys, use)
    id_ = id_in(path, use, maker.authority.hub_name)
    if id_ is None and use == "credential":
        # Hubs of before licences have none.
        return maker.make(use, change.time)
    if id_ is None:
        raise KeyFileMissing(use=use, id="", folder=str(maker.keys))
    if use == "session":
        return maker.row(use, id_, change.time, None)
    public = path.with_suffix(".pem")
    if not public.exists():
        # Checkpoint keys had no certificate before this release.
        write_public(public, maker.certify(use, PrivateKey.load(path), change.time))
    pem = public.read_bytes()
    return maker.row(use, id_, maker.authority.not_before, pem)


def _take_up(change: Change, maker: Maker, use: FileUse, known: Sequence[Key]) -> None:
    """Let the newest key that only the folder knows take over, if there is one."""
    found = _newer(maker, use, known)
    if not found:
        return
    _, path, id_ = max(found)
    row = maker.row(use, id_, change.time, path.with_suffix(".pem").read_bytes())
    for before in standing(change.session, use):
        end(change, before, change.time)
    enter(change, row)


def _newer(maker: Maker, use: FileUse, known: Sequence[Key]) -> list[tuple[int, Path, str]]:
    """Keys of this hub that were made after every one that is known: when, file, and name."""
    ids = {key.id for key in known}
    last = max((_begins(key.certificate) for key in known if key.certificate), default=0)
    found: list[tuple[int, Path, str]] = []
    for path, of_use, id_, _ in stored(maker.keys, maker.authority.hub_name):
        if of_use == use and id_ not in ids and known:
            begins = _certified(maker, use, path)
            if begins is not None and begins > last:
                found.append((begins, path, id_))
    return found


def _certified(maker: Maker, use: FileUse, path: Path) -> int | None:
    """When the certificate beside a key begins, if it is the key's and leads to our root."""
    public = path.with_suffix(".pem")
    if use == "session" or not public.exists():
        return None
    pem = public.read_bytes()
    try:
        facts = verify_certificate(
            pem,
            maker.authority.issuing_pem,
            maker.authority.root_pem,
            now=_begins(pem),
            usage=use,
        )
        key = PrivateKey.load(path)
    except (CertificateError, KeyUnusable):
        return None
    return facts.not_before if facts.public.der == key.public.der else None


def _begins(certificate: bytes) -> int:
    return read_certificate(certificate).not_before
