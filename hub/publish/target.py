"""Where a job's rows go: a full publication into a generation of its own, changes into what stands.

Both are begun and undone in the same way by the job; what they make is seen once ``flip.go_live``
has committed.
"""

import secrets
from typing import Protocol

from catalog.definition import Dataset
from certs.sealing import Wrapping
from hub.ledger.change import HUB, Changes
from hub.publish import flip
from hub.publish.orders import Order
from hub.publish.sealer import Sealer
from hub.publish.sweep import remove_generation
from hub.publish.tidying import tidy_standing
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.generation import GenerationKeys
from hub.storage.sqlite import Connection
from hub.storage.wrapped import generation_context


class Target(Protocol):
    """What a job fills."""

    def begin(self, sealer: Sealer, dataset: Dataset) -> None:
        """Enter it and tell the sealer; raises ``Conflict`` if there is nothing to do any more."""

    def take_seals(self, rows: int) -> None:
        """Count the seals of so many rows before they are made; raises ``OutOfOrder``."""

    def undo(self) -> None:
        """Take every trace away; the sealer has ended."""

    def settle(self, retired: str | None) -> None:
        """Take away what is not seen any more, once it is live or held; the sealer has ended."""


class NewGeneration:
    """The generation of one full publication."""

    def __init__(
        self,
        folder: Folder,
        settings: Settings,
        changes: Changes,
        master: Wrapping,
        publication: str,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._changes = changes
        self._master = master
        self._publication = publication
        self._name = f"g-{secrets.token_hex(8)}"

    def begin(self, sealer: Sealer, dataset: Dataset) -> None:
        """Enter a generation that nobody sees."""
        full = self._settings.full(dataset.code)
        with self._changes.change(HUB, moves_epoch=False) as change:
            # Under the lock: the master key may have been replaced since this job began.
            _, wrapped = GenerationKeys.create(self._master, full, self._name)
            flip.begin_sealing(change, self._publication, self._name, wrapped)
        subject, row_key = places(dataset)
        path = str(self._folder.generation(self._name))
        raw = self._master.unwrap(wrapped, generation_context(full, self._name))
        sealer.begin(Order(path, full, self._name, subject, row_key), raw)

    def take_seals(self, rows: int) -> None:
        """Nothing: one publication has far fewer rows, and they are counted when it is done."""

    def undo(self) -> None:
        """Delete the generation's file."""
        remove_generation(self._folder, self._name)

    def settle(self, retired: str | None) -> None:
        """Delete the file of the generation that stood before."""
        remove_generation(self._folder, retired)


class StandingGeneration:
    """The generation that stands, and the version that a change set makes of it."""

    def __init__(
        self,
        folder: Folder,
        settings: Settings,
        changes: Changes,
        master: Wrapping,
        publication: str,
        connection: Connection,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._changes = changes
        self._master = master
        self._publication = publication
        self._connection = connection
        self._name = ""
        self._code = ""

    def begin(self, sealer: Sealer, dataset: Dataset) -> None:
        """Enter the change set, and open the keys of what it changes."""
        self._code = dataset.code
        full = self._settings.full(dataset.code)
        with self._changes.change(HUB, moves_epoch=False) as change:
            standing, version = flip.begin_changing(change, self._publication)
            name, wrapped = standing.name, standing.keys
            rows, digest = standing.row_count, standing.digest
            raw = self._master.unwrap(wrapped, generation_context(full, name))
        self._name = name
        subject, row_key = places(dataset)
        path = str(self._folder.generation(name))
        sealer.begin(Order(path, full, name, subject, row_key, version, rows, digest), raw)

    def take_seals(self, rows: int) -> None:
        """Count them durably: a job that is cut off has made them too."""
        with self._changes.change(HUB, moves_epoch=False) as change:
            flip.take_seals(change, self._name, rows)

    def undo(self) -> None:
        """Take the invisible rows away."""
        self.settle(None)

    def settle(self, retired: str | None) -> None:  # noqa: ARG002 nothing is retired
        """Take the rows away that have ended."""
        if self._code:
            tidy_standing(self._folder, self._connection, self._code)


def places(dataset: Dataset) -> tuple[int, tuple[int, ...]]:
    """The places of the subject and of the row key among the dataset's items."""
    at = {item.code: place for place, item in enumerate(dataset.items)}
    return at[dataset.subject.item], tuple(at[code] for code in dataset.row_key)
