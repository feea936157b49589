"""A hub under load whose writes are traced, and the disks that a power cut would have left."""

import random
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crash.campaign import ROOT
from crash.clients import Clients, Ground, enrol
from crash.faults import kill_group
from crash.journal import Journals, Written
from crash.trace import Act, power_cut, read_acts
from crash.trace import command as traced
from world.serving import Served, free_port, start, until_ready
from world.town import Town

ENOUGH = 40
"""Receipts after which a recording may end."""
PATIENCE = 40.0
LOOK = 0.01


@dataclass
class Recording:
    """What a traced hub did to its files, and the receipts that left it."""

    before: Path
    """The folder as it was at first."""
    ground: Ground
    journals: Journals
    acts: Sequence[Act]

    @property
    def receipts(self) -> list[Written]:
        return self.journals.receipts

    def disks(
        self, count: int, since: float, chance: random.Random
    ) -> Iterator[tuple[Path, list[Written]]]:
        """Disks after power cuts at random moments, each with the receipts that were out.

        Every second one forgets all that was not synced, the others a part of it.
        """
        first = min(one.at for one in self.receipts if one.at > since)
        last = max(one.at for one in self.receipts)
        for cut in range(count):
            at = chance.uniform(first, last)
            disk = self.before.with_name(f"disk-{cut}")
            part = chance if cut % 2 else None
            power_cut(self.before, self.ground.folder, self.acts, at, disk, part)
            yield disk, [one for one in self.receipts if one.at <= at]
            shutil.rmtree(disk)


class Recorder:
    """Runs hubs on one folder, one after another, each traced."""

    def __init__(self, town: Town, place: Path, *, clients: int = 4, tree: Path = ROOT) -> None:
        port = free_port()
        folder = town.copy(place / "hub", f"http://127.0.0.1:{port}")
        self._ground = enrol(folder, place / "clients", port, clients)
        self._before = place / "before"
        shutil.copytree(folder, self._before)
        self._town, self._place, self._tree = town, place, tree
        self._journals = self._ground.journals()
        self._runs = 0

    def run(self, *, workers: int = 1, fault: str = "") -> int | None:
        """Let a hub answer until there are enough receipts, then kill it.

        With a ``fault`` it must end by itself; gives its exit status then.
        """
        self._runs += 1
        log = self._place / "hub.log"
        under = traced(self._place / f"trace-{self._runs}", fault)
        process = start(self._ground.folder, log, workers=workers, under=under, tree=self._tree)
        served = Served(self._town, self._ground.folder, self._ground.port, process)
        try:
            until_ready(served, log)
            with Clients(self._ground, processes=1, seed=self._runs) as clients:
                clients.ask_at([served.port])
                status = process.wait(PATIENCE) if fault else self._until_enough()
                kill_group(process)
        finally:
            kill_group(process)
        self._journals.read()
        assert self._journals.faults == []
        return status

    def recording(self) -> Recording:
        """Everything so far."""
        folder = self._ground.folder
        acts: list[Act] = []
        for run in range(1, self._runs + 1):
            acts += read_acts(self._place, f"trace-{run}", folder)
        return Recording(self._before, self._ground, self._journals, acts)

    def _until_enough(self) -> None:
        enough = len(self._journals.receipts) + ENOUGH
        pause = threading.Event()
        for _ in range(int(PATIENCE / LOOK)):
            self._journals.read()
            if len(self._journals.receipts) >= enough:
                return
            pause.wait(LOOK)
        raise AssertionError("a traced hub answers too slowly")
