"""The processes of jobs: one for each publication that is being checked.

A job holds ``job.lock`` in its publication's folder from before it starts: the one who starts it
takes the lock and hands it over, so that it is held exactly while a job runs or is about to.
"""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

from hub.publish.staging import LOCK

_ATTEMPTS = 3
"""Jobs of one publication that this process starts before it gives up on it."""


def take_lock(staging: Path) -> int | None:
    """The open file of a publication's lock, or None if a job holds it or the folder is gone."""
    try:
        descriptor = os.open(staging / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


class Jobs:
    """The jobs that this process has started."""

    def __init__(self, hub: Path, staging: Path) -> None:
        self._hub = hub
        self._staging = staging
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, int] = {}
        self._guard = threading.Lock()

    def start(self, publication: str) -> None:
        """Start the job of a publication unless one is running."""
        with self._guard:
            lock = take_lock(self._staging / publication)
            if lock is None:
                return
            try:
                self._reap()
                command = ["--folder", str(self._hub), "--publication", publication]
                self._running[publication] = subprocess.Popen(  # noqa: S603 our own module
                    [sys.executable, "-m", "hub.publish.job", *command, "--lock", str(lock)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(lock,),
                )
                self._started[publication] = self._started.get(publication, 0) + 1
            finally:
                os.close(lock)

    def died(self, publication: str) -> bool:
        """Whether a job of ours was cut off."""
        job = self._running.get(publication)
        return job is not None and bool(job.poll())

    def spent(self, publication: str) -> bool:
        """Whether no further job of the publication should be tried."""
        return self._started.get(publication, 0) >= _ATTEMPTS

    def wait(self, publication: str, timeout: float | None = None) -> None:
        """Wait until our job of a publication has ended; raises ``subprocess.TimeoutExpired``."""
        job = self._running.get(publication)
        if job is not None:
            job.wait(timeout)

    def close(self) -> None:
        """End our jobs; what they were doing is taken up again by the next ``recover``."""
        for job in self._running.values():
            job.terminate()
        for job in self._running.values():
            job.wait()
        self._running.clear()

    def _reap(self) -> None:
        # One that was cut off stays until ``died`` has been asked about it.
        for publication in [name for name, job in self._running.items() if job.poll() == 0]:
            del self._running[publication]
