"""A hub's folder, put together for ``hub ledger verify``; it is only read."""

from certs.sealing import Wrapping
from hub.keys.errors import MasterKeyOther
from hub.keys.kept import KeptKeys
from hub.keys.known import checkpoint_keys
from hub.keys.master import Master, load
from hub.ledger.month_keys import MonthKeys
from hub.ledger.origin import origins
from hub.ledger.persons import PersonKeys
from hub.ledger.verify import Outside, Verification
from hub.materials.store import open_objects
from hub.ops.restore import put_away
from hub.publish.digest import digest_of_file
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection


def verification(folder: Folder, settings: Settings, connection: Connection) -> Verification:
    """The verification of the log that ``connection`` reads; raises errors of keys."""
    names = origins(connection, settings.name)
    master = _master(settings, connection)
    outside = Outside(
        origin=names[-1].text,
        keys=checkpoint_keys(connection, folder.keys),
        copy=settings.checkpoint_copy,
        kept_key=KeptKeys(connection, master).name,
        rows_digest=lambda name, version: digest_of_file(folder.generation(name), version),
        names=names,
        put_away=tuple(
            path.read_text(encoding="utf-8", errors="replace")
            for path in put_away(settings.checkpoint_copy)
        ),
        stored=open_objects(settings, folder).names,
    )
    persons = PersonKeys(connection, MonthKeys(folder.keys, master))
    return Verification(connection, persons, outside)


def _master(settings: Settings, connection: Connection) -> Wrapping:
    """The master key; the file's if the register names another, which is told as a fault."""
    try:
        return Master(settings.master_key, connection)
    except MasterKeyOther:
        found = load(settings.master_key)
        if found is None:
            raise
        return found
