"""Runs a job in this process and ends it as a power cut would, at a chosen step.

    python cut_off.py FOLDER PUBLICATION STEP [BYTES]

A step is a thing that the job does to a file or a lock, as the interpreter's audit events tell
them; what was done before it was done. STEP 0 lets the job end and prints the number of steps.
BYTES bounds the size of every file that it writes, as a full disk does.
"""

import os
import resource
import signal
import sys
from pathlib import Path

from hub.publish import job

STEPS = frozenset(
    {"open", "os.remove", "os.mkdir", "os.rmdir", "os.link", "fcntl.flock", "os.fork"}
)


def main(folder: str, publication: str, step: str, size: str = "") -> None:
    """Count steps, and end at the chosen one."""
    myself = os.getpid()
    seen = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in STEPS or os.getpid() != myself:
            return
        if event == "open" and not str(arguments[0]).startswith(folder):
            return
        seen += 1
        if seen == int(step):
            os.kill(myself, signal.SIGKILL)

    if size:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    sys.addaudithook(count)
    job.run(Path(folder), publication)
    sys.stdout.write(str(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
