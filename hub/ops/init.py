"""``hub init``: make a hub's folder, keys, authority and database, and enter that it was done."""

from pathlib import Path

from catalog.purposes import bundled
from certs.authority import Authority
from certs.keys import generate
from certs.sealing import MasterKey
from certs.tokens import SessionTokens
from hub.access import purposes
from hub.clock import Clock
from hub.errors import Conflict
from hub.keys.adoption import adopt
from hub.keys.files import FILE_USES, first_file, write_public
from hub.keys.making import ALGORITHMS, Maker
from hub.keys.master import Master
from hub.ledger.change import OPERATOR, Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.origin import origin_of
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
    maker = Maker(folder.keys, authority)
    _make_first(maker, now)
    MasterKey.create(settings.master_key)
    create_control(folder)
    store = LedgerStore(folder, clock)
    master = Master(settings.master_key, store.connection)
    changes = Changes(store, PersonKeys(store.connection, MonthKeys(folder.keys, master)))
    with changes.change(OPERATOR) as change:
        change.append(
            "operator", {"act": "init", "hub": name, "origin": origin_of(settings.name, 1)}
        )
    adopt(store.connection, changes, maker, master, OPERATOR, new=True)
    for purpose in bundled().values():
        purposes.register(changes, OPERATOR, purpose)
    account, person, password = administrator
    accounts.enrol(changes, OPERATOR, account, person, None, ["administrator"], password)
    store.close()
    return folder


def _make_first(maker: Maker, now: int) -> None:
    """The keys that a hub begins with, in their files."""
    for use in FILE_USES:
        path = first_file(maker.keys, use)
        if use == "session":
            SessionTokens.create(path, maker.authority.hub_name)
            continue
        key = generate(ALGORITHMS[use])
        key.save(path)
        write_public(path.with_suffix(".pem"), maker.certify(use, key, now))
