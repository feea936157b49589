"""What is done to a hub's keys at its folder, also while it serves: it leaves operator entries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certs.authority import Authority
from hub.clock import Clock
from hub.errors import SettingsRefused, StorageRefused
from hub.keys.adoption import adopt
from hub.keys.copying import confirm_copy, new_master, records_at_stake, uncopied
from hub.keys.files import FileUse
from hub.keys.known import checkpoint_keys
from hub.keys.making import Maker
from hub.keys.master import Master, waiting_file
from hub.keys.rotation import Rotated, Rotation
from hub.ledger.change import OPERATOR, Changes
from hub.ledger.fold import fold_log
from hub.ledger.month_keys import MonthKeys
from hub.ledger.origin import current_origin
from hub.ledger.persons import PersonKeys
from hub.ledger.start import check_head
from hub.ledger.store import LedgerStore
from hub.settings import Settings, load
from hub.storage.create import require_newest
from hub.storage.folder import Folder
from hub.storage.lock import FileLock
from hub.storage.sqlite import Connection, connect


@dataclass(frozen=True, slots=True)
class AtTheFolder:
    """A hub's folder in an operator's hands; whoever serves from it goes on."""

    settings: Settings
    store: LedgerStore
    reading: Connection
    changes: Changes
    maker: Maker
    master: Master

    def new_master(self) -> tuple[str, Path]:
        """Make the master key that is to come; gives its name and its file."""
        self._adopt()
        path = self.settings.master_key
        return new_master(self.changes, OPERATOR, path), waiting_file(path)

    def confirm_copy(self, copy: Path) -> str:
        """Compare a copy with the master key; gives the key's name. Raises ``CopyDiffers``."""
        self._adopt()
        return confirm_copy(self.changes, OPERATOR, self.settings.master_key, copy)

    def replace(self, use: FileUse) -> Rotated:
        """Make a new key in the place of one whose file is lost."""
        rotation = Rotation(
            self.settings, self.store, self.reading, self.changes, self.maker, lambda: None
        )
        return rotation.rotate(OPERATOR, use, at_once=True)

    def _adopt(self) -> None:
        adopt(self.reading, self.changes, self.maker, self.master, OPERATOR, new=False)


@dataclass(frozen=True, slots=True)
class Stake:
    """A master key without a copy that was ever read, and how many records hang on it."""

    id: str
    records: int


def at_stake(root: Path) -> Stake | None:
    """What a hub would lose with its master key; None if a copy of that was compared with it.

    None too for a folder that cannot be looked into: whoever opens it says why.
    """
    try:
        require_newest(Folder(root))
        connection = connect(Folder(root).control, "ro")
    except StorageRefused:
        return None
    try:
        key = uncopied(connection)
        return None if key is None else Stake(key.id, records_at_stake(connection))
    finally:
        connection.close()


@contextmanager
def at_the_folder(root: Path, clock: Clock) -> Iterator[AtTheFolder]:
    """A hub's folder, once its log has been found sound.

    Raises ``SettingsRefused``, ``StorageRefused``, ``LedgerBehind`` or an error of keys.
    """
    folder = Folder(root)
    settings = load(folder.settings)
    if not folder.control.exists():
        raise SettingsRefused(file=str(folder.control), why="no-database")
    require_newest(folder)
    fold_log(folder)
    closing: list[Callable[[], None]] = []
    try:
        serving = FileLock(folder.serving)
        closing.append(serving.close)
        serving.share()
        reading = connect(folder.control)
        closing.append(reading.close)
        origin = current_origin(reading, settings.name).text
        check_head(reading, settings, origin, checkpoint_keys(reading, folder.keys))
        store = LedgerStore(folder, clock)
        closing.append(store.close)
        master = Master(settings.master_key, reading)
        changes = Changes(store, PersonKeys(reading, MonthKeys(folder.keys, master)))
        maker = Maker(folder.keys, Authority.load(folder.keys))
        yield AtTheFolder(settings, store, reading, changes, maker, master)
    finally:
        for close in reversed(closing):
            close()
