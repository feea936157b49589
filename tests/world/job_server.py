"""Runs jobs in processes that it forks, and ends them as a power cut would, at a chosen seam.

    python job_server.py

Reads lines of ``folder publication seam`` and answers each with ``status seams``. A seam is a
statement to a database or a write to a file that our own code is about to do, in the job or in the
process that seals: before it both are killed. Seam 0 lets the job end. Importing what a job needs
takes a second or more, and is done once.
"""

import gc
import mmap
import os
import signal
import sys
from pathlib import Path
from types import CodeType, FrameType

from hub.publish import job

SEAMS = frozenset({"execute", "executemany", "write", "fsync", "unlink", "rename", "flock"})
OURS = f"{os.sep}hub{os.sep}"


def run(folder: str, publication: str, seam: int) -> tuple[int, int]:
    """Run one job; its exit status, and how many seams it came to."""
    # Shared with the process that seals: the job forks it.
    seen = mmap.mmap(-1, 8)
    process = os.fork()
    if process == 0:
        os.setsid()
        ours: dict[CodeType, bool] = {}

        def look(frame: FrameType, event: str, called: object) -> None:
            if event != "c_call" or getattr(called, "__name__", "") not in SEAMS:
                return
            code = frame.f_code
            if code not in ours:
                ours[code] = OURS in code.co_filename and "tests" not in code.co_filename
            if ours[code]:
                count = int.from_bytes(seen[:8], "big") + 1
                seen[:8] = count.to_bytes(8, "big")
                if count == seam:
                    os.killpg(0, signal.SIGKILL)

        sys.setprofile(look)
        status = 1
        try:
            job.run(Path(folder), publication)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(process, 0)
    # The sealer is gone as well: both are of one session, and it ends with the pipe.
    return os.waitstatus_to_exitcode(status), int.from_bytes(seen[:8], "big")


def main() -> None:
    """Serve until the input ends."""
    gc.freeze()
    for line in sys.stdin:
        folder, publication, seam = line.rstrip("\n").split("\t")
        status, seams = run(folder, publication, int(seam))
        sys.stdout.write(f"{status} {seams}\n")
        sys.stdout.flush()
    # DuckDB's binding complains at an orderly end.
    os._exit(0)


if __name__ == "__main__":
    main()
