"""Replaces the master key in this process and ends it as a power cut would, at a chosen step.

    python cut_off.py FOLDER TIME NAME STEP

A step is a thing that it does to a file or a lock, as the interpreter's audit events tell them;
what was done before it was done. STEP 0 lets it end and prints the number of steps.
"""

import os
import signal
import sys
from pathlib import Path

from hub.ledger.change import Actor
from hub.runtime import open_hub

STEPS = frozenset({"open", "os.remove", "os.rename", "os.mkdir", "fcntl.flock"})


def main(folder: str, time: str, name: str, step: str) -> None:
    """Count steps, and end at the chosen one."""
    seen = 0
    hub = open_hub(Path(folder), lambda: int(time))

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in STEPS:
            return
        if event == "open" and not str(arguments[0]).startswith(folder):
            return
        seen += 1
        if seen == int(step):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    hub.keys.replacing.rotate(Actor("console", account="admin"), name)
    sys.stdout.write(str(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
