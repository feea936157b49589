"""Faults that ``strace`` puts into a hub's system calls, and the ends of its processes."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE = 60.0
SYNCS = "fsync,fdatasync"


def failing(
    calls: str, *, when: int, error: str = "", only: Sequence[Path] = (), told: Path | None = None
) -> list[str]:
    """What to run a hub under so that the ``when``-th of ``calls`` of a process fails.

    It fails with ``error`` (``EIO``), or kills the process before it is done if none is given.
    Each call of ``calls``, and each process, is counted by itself; ``only`` names the files on
    which calls count.
    """
    fault = f"error={error}" if error else "signal=SIGKILL"
    # With its filter strace is much faster, and delivers no signals.
    faster = ["--seccomp-bpf"] if error else []
    places = [option for path in only for option in ("-P", str(path))]
    return [
        "strace",
        "-f",
        "-qq",
        *faster,
        "-o",
        str(told or os.devnull),
        *places,
        "-e",
        "signal=none",
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:{fault}:when={when}",
    ]


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for a hub's whole process group at once; returns when nothing of it runs."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    until_gone(process.pid)


def group_of(group: int) -> list[int]:
    """The processes of a group that still run; one that is dead and not yet buried does not."""
    return [pid for pid, its_group, _ in _processes() if its_group == group]


def children_of(parent: int) -> list[int]:
    """The running children of a process."""
    return [pid for pid, _, its_parent in _processes() if its_parent == parent]


def until_gone(group: int) -> None:
    """Wait until no process of a group runs; raises ``TimeoutError``."""
    deadline = time.monotonic() + PATIENCE
    while group_of(group):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes of group {group} do not end")
        threading.Event().wait(0.002)


def _processes() -> list[tuple[int, int, int]]:
    """Process, group and parent of all that run."""
    found: list[tuple[int, int, int]] = []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        try:
            text = (place / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        state, parent, group = text.rpartition(")")[2].split()[:3]
        if state not in {"Z", "X"}:
            found.append((int(place.name), int(group), int(parent)))
    return found
