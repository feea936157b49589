"""Jobs that a test starts itself, and may cut off."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from publishing import SmallHub, as_chunks

from hub.publish.processes import take_lock

SERVER = Path(__file__).with_name("job_server.py")


@dataclass
class JobServer:
    """The process that runs them."""

    process: subprocess.Popen[str]

    def run(self, hub: SmallHub, publication: str, seam: int = 0) -> tuple[int, int]:
        """Run the job of a publication; its exit status, and how many seams it came to."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{hub.folder.root}\t{publication}\t{seam}\n")
        self.process.stdin.flush()
        status, seams = self.process.stdout.readline().split()
        hub.catch_up()
        return int(status), int(seams)

    def publish(
        self,
        hub: SmallHub,
        rows: Sequence[Sequence[str]],
        columns: Sequence[str],
        mode: str = "full",
        sequence: int | None = None,
        dataset: str = "resident",
    ) -> str:
        """Publish rows, or changes that begin with their operation; gives the id."""
        publication = upload(hub, rows, columns, mode, sequence, dataset)
        assert self.run(hub, publication)[0] == 0
        return publication


@contextmanager
def serving() -> Iterator[JobServer]:
    """A server of jobs."""
    with subprocess.Popen(
        [sys.executable, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield JobServer(process)
        assert process.stdin is not None
        process.stdin.close()


def upload(
    hub: SmallHub,
    rows: Sequence[Sequence[str]],
    columns: Sequence[str],
    mode: str = "full",
    sequence: int | None = None,
    dataset: str = "resident",
) -> str:
    """A publication that has come in whole, whose job has not begun; gives the id."""
    publication = hub.begin(dataset, columns, mode=mode, sequence=sequence)
    lock = take_lock(hub.folder.staging / publication)
    assert lock is not None
    hub.complete(publication, as_chunks(rows, 7))
    open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path
    return publication
