"""How a hub comes to its end: at which moment it is killed, or which of its system calls fails."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from crash.activity import Scene
from crash.faults import SYNCS, children_of, failing, kill_group

from hub.settings import load
from hub.storage.folder import Folder

COPY_PATIENCE = 3.0
"""Seconds in which a checkpoint's copy must come under load."""
SOONEST, GAP = 0.02, 0.05
FAULT_SECONDS = (0.4, 1.6)
"""How long a hub goes on whose system call fails, unless it ends by itself."""
START_SECONDS = 1.6
"""Longer than a start takes."""
CALLS = (
    ("pwrite64", 20, 900),
    ("pwrite64", 40, 200),
    (SYNCS, 1, 30),
    (SYNCS, 1, 150),
    ("rename", 1, 3),
    ("ftruncate", 1, 10),
)
"""System calls that are made to fail, and between which of them; a start makes about 40 writes and
one sync, a commit a dozen and one."""


@dataclass(frozen=True)
class Death:
    """One way to die; ``come`` returns when the hub is to be killed, wherever it stands."""

    name: str
    come: Callable[[Scene, float], None]
    answers_first: bool = True
    """Whether the hub is left alone until it has answered once."""
    several_workers: bool = False
    error: str | None = None
    """What its system calls fail with; empty if they kill it; None if they do not fail."""

    def under(self, chance: random.Random) -> list[str]:
        """What to run the hub under."""
        if self.error is None:
            return []
        calls, first, last = chance.choice(CALLS)
        return failing(calls, when=chance.randint(first, last), error=self.error)


def _at_random(scene: Scene, span: float) -> None:
    _wait(scene.chance.uniform(SOONEST, span))


def _in_its_start(scene: Scene, _span: float) -> None:
    _wait(scene.chance.uniform(0, START_SECONDS))


def _while_the_copy_is_written(scene: Scene, span: float) -> None:
    """Right when the copy that is to be the newest checkpoint appears beside the old one."""
    _wait(scene.chance.uniform(SOONEST, span))
    folder = Folder(scene.ground.folder)
    copy = load(folder.settings).checkpoint_copy
    before = {entry.name for entry in os.scandir(copy.parent)}
    deadline = time.monotonic() + COPY_PATIENCE
    while time.monotonic() < deadline:
        new = {entry.name for entry in os.scandir(copy.parent)} - before
        if any(copy.name in name for name in new):
            return


def _one_worker_first(scene: Scene, span: float) -> None:
    """One worker is killed, the others and its successor go on, and then all are."""
    _wait(scene.chance.uniform(SOONEST, span))
    workers = children_of(scene.hub.process.pid)
    os.kill(scene.chance.choice(sorted(workers)), signal.SIGKILL)
    _wait(scene.chance.uniform(SOONEST, 2 * span))


def _by_a_fault(scene: Scene, _span: float) -> None:
    """Wait for the hub to end by its fault; it may well live with it, and is killed then."""
    deadline = time.monotonic() + scene.chance.uniform(*FAULT_SECONDS)
    while time.monotonic() < deadline and scene.hub.process.poll() is None:
        _wait(SOONEST)


DEATHS = (
    Death("killed", _at_random),
    Death("killed in its start", _in_its_start, answers_first=False),
    Death("killed at a checkpoint's copy", _while_the_copy_is_written),
    Death("one worker killed, then all", _one_worker_first, several_workers=True),
    Death("EIO", _by_a_fault, error="EIO"),
    Death("ENOSPC", _by_a_fault, error="ENOSPC"),
    Death("killed in a system call", _by_a_fault, error=""),
)


def kill_all(scene: Scene) -> None:
    """Kill every hub that runs, with little between them; returns when nothing of them runs."""
    order = list(scene.serving)
    scene.chance.shuffle(order)
    for number, served in enumerate(order):
        if number:
            _wait(scene.chance.uniform(0, GAP))
        kill_group(served.process)


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
