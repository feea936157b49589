"""The most memory that each kind of process ever held (VmHWM, what ``exec`` begins anew)."""

import os
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

EVERY = 0.1
_PEAK = re.compile(r"VmHWM:\s+([0-9]+) kB")
_RESIDENT = re.compile(r"VmRSS:\s+([0-9]+) kB")
PATIENCE = 10.0


class Memory:
    """Looks at all processes of some groups until it is told to end."""

    def __init__(self, groups: Callable[[], Iterable[int]]) -> None:
        self._groups = groups
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self.peaks: dict[str, int] = {}
        """Bytes, by kind of process."""
        self.together = 0
        """The most that all of them held at one moment, shared pages counted in each."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(PATIENCE)

    def _look_on(self) -> None:
        while not self._ending.wait(EVERY):
            wanted = set(self._groups())
            together = 0
            for pid in _running(wanted):
                kind = _kind(pid)
                try:
                    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                except OSError:
                    continue
                peak, resident = _PEAK.search(status), _RESIDENT.search(status)
                if kind is None or peak is None or resident is None:
                    continue
                self.peaks[kind] = max(self.peaks.get(kind, 0), int(peak[1]) * 1024)
                together += int(resident[1]) * 1024
            self.together = max(self.together, together)


def jobs_of(group: int) -> list[int]:
    """The processes of a group that check and seal a publication."""
    return [pid for pid in _running({group}) if _kind(pid) == "job"]


def _running(groups: set[int]) -> list[int]:
    found: list[int] = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                if os.getpgid(int(place.name)) in groups:
                    found.append(int(place.name))
            except ProcessLookupError:
                continue
    return found


def _kind(pid: int) -> str | None:
    """What a process is, by its command line; both halves of a job are ``job``."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    if b"hub.publish.job" in command:
        return "job"
    if b"connectors" in command:
        return "connector"
    return "hub" if command else None
