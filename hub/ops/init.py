"""``hub init``: make a hub's folder, keys, authority and database, and enter that it was done."""

from pathlib import Path

from catalog.purposes import bundled
from certs.authority import YEAR_MS, Authority
from certs.encoding import digest
from certs.keys import generate
from certs.sealing import MasterKey
from certs.tokens import SessionTokens
from hub.access import purposes
from hub.clock import Clock
from hub.errors import Conflict
from hub.ledger.change import OPERATOR, Changes
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.people import accounts
from hub.settings import load
from hub.storage.create import create_control
from hub.storage.folder import Folder

_SETTINGS = """\
# One hub's settings; every key and its default: docs/settings.md
name = "{name}"
public_origin = "{origin}"
# The master key seals all records. Back it up apart from this folder: without it they are lost,
# and whoever has both can read them.
master_key = "keys/master.key"
checkpoint_copy = "checkpoint.txt"
"""
RECEIPT_YEARS = 3


def init(
    root: Path, name: str, origin: str, clock: Clock, *, administrator: tuple[str, str, str]
) -> Folder:
    """Make a hub in an empty folder with its first administrator (account, name, password).

    Raises ``Conflict`` if there is a hub already, and ``SettingsRefused`` for name or origin.
    """
    folder = Folder(root)
    if folder.settings.exists() or folder.control.exists():
        raise Conflict(why="hub-exists")
    folder.create()
    folder.settings.write_text(_SETTINGS.format(name=name, origin=origin), encoding="utf-8")
    try:
        settings = load(folder.settings)
    except BaseException:
        folder.settings.unlink()
        raise
    now = clock()
    authority = Authority.create(folder.keys, name, now)
    receipt_key = generate()
    receipt_key.save(folder.keys / "receipt.key")
    pem = authority.issue_receipt(receipt_key.public, now=now, lifetime_ms=RECEIPT_YEARS * YEAR_MS)
    (folder.keys / "receipt.pem").write_bytes(pem)
    generate("ed25519").save(folder.keys / "checkpoint.key")
    SessionTokens.create(folder.keys / "session.key", name)
    master = MasterKey.create(settings.master_key)
    create_control(folder)
    store = LedgerStore(folder, clock)
    changes = Changes(store, PersonKeys(store.connection, master))
    with changes.change(OPERATOR) as change:
        change.append("operator", {"act": "init", "hub": name, "origin": settings.origin})
        change.append("key", {"certificate": digest(pem), "use": "receipt"})
    for purpose in bundled().values():
        purposes.register(changes, OPERATOR, purpose)
    account, person, password = administrator
    accounts.enrol(changes, OPERATOR, account, person, None, ["administrator"], password)
    store.close()
    return folder
