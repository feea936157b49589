"""The keys of one process, put together; what an earlier one left half done is finished first."""

from dataclasses import dataclass

from certs.authority import Authority
from hub.clock import Clock
from hub.keys.adoption import adopt
from hub.keys.kept import KeptKeys
from hub.keys.making import Maker
from hub.keys.master import Master
from hub.keys.replacing import Replacing
from hub.keys.ring import KeyRing
from hub.keys.rotation import Rotation
from hub.ledger.change import Actor, Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.store import LedgerStore
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Everything that signs, wraps, or replaces what does."""

    ring: KeyRing
    rotation: Rotation
    replacing: Replacing
    kept: KeptKeys

    def tidy(self) -> None:
        """Take away what has run out, and finish what was cut off; cheap if there is nothing."""
        self.replacing.finish()
        self.rotation.tidy()


def open_keys(
    folder: Folder,
    settings: Settings,
    clock: Clock,
    store: LedgerStore,
    reading: Connection,
    changes: Changes,
    master: Master,
    months: MonthKeys,
    authority: Authority,
    actor: Actor,
) -> OwnKeys:
    """Open the keys of a hub whose log has been found sound: entries may be made.

    Raises ``KeyFileMissing``, ``InsecureKeyFile`` or ``KeyUnusable``.
    """
    maker = Maker(folder.keys, authority)
    adopt(reading, changes, maker, master, actor, new=False)
    ring = KeyRing(folder, reading, settings.name, clock)
    keys = OwnKeys(
        ring=ring,
        rotation=Rotation(settings, store, reading, changes, maker, ring.refresh),
        replacing=Replacing(
            settings.master_key, settings.name, store, reading, changes, master, months
        ),
        kept=KeptKeys(reading, master),
    )
    keys.tidy()
    return keys
