"""A hub's folder, put together for ``hub ledger verify``; it is only read."""

from certs.keys import PrivateKey
from certs.sealing import MasterKey
from hub.ledger.persons import PersonKeys
from hub.ledger.verify import Outside, Verification
from hub.publish.digest import digest_of_file
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection


def verification(folder: Folder, settings: Settings, connection: Connection) -> Verification:
    """The verification of the log that ``connection`` reads; raises errors of keys."""
    outside = Outside(
        origin=settings.origin,
        key=PrivateKey.load(folder.keys / "checkpoint.key").public,
        copy=settings.checkpoint_copy,
        rows_digest=lambda name: digest_of_file(folder.generation(name)),
    )
    persons = PersonKeys(connection, MasterKey.load(settings.master_key))
    return Verification(connection, persons, outside)
