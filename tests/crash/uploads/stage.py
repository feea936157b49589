"""The hub, the connector and their folders, as files and processes."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from crash.faults import kill_group
from crash.standing import reading
from crash.uploads.people import People
from plaintext import Plaintext
from world.asking import Answer
from world.serving import Served, environment, free_port, start, until_ready
from world.town import ADMINISTRATOR, Town

from certs.keys import write_secret
from hub.access import connectors
from hub.runtime import open_hub

PATIENCE = 900.0
FEW, SMALL_CHUNK = 200_000, 64 * 1024
"""Fewer rows than this go in chunks of the smallest size, so that there are many."""
Command = subprocess.Popen[bytes]


class Stage:
    """A copy of a town in ``place``, its hub served, and an enrolled connector of the publisher."""

    def __init__(self, town: Town, place: Path, people: People) -> None:
        self.file = place / "people.csv"
        self._place, self._town, self._people = place, town, people
        self._folder, self._home = place / "hub", place / "connector"
        self._port = free_port()
        self._running: Command | None = None
        self._searched: set[tuple[str, int, int]] = set()
        town.copy(self._folder, f"http://127.0.0.1:{self._port}")
        if people.rows < FEW:
            with (self._folder / "hub.toml").open("a", encoding="utf-8") as settings:
                settings.write(f"\n[limits]\nchunk_bytes = {SMALL_CHUNK}\n")
        self.served = self._serve()

    def enrol(self) -> None:
        """Enrol the connector that publishes."""
        hub = open_hub(self._folder)
        invitation = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "psb", "publisher")
        hub.close()
        path = self._place / "invitation"
        write_secret(path, f"{invitation}\n".encode())
        enrolling = self._connector("enrol", str(path))
        _, err = enrolling.communicate(timeout=PATIENCE)
        assert enrolling.returncode == 0, err

    def publish(self) -> Command:
        """Start ``connector publish``, always with the same arguments."""
        self._running = self._connector("publish", "resident", str(self.file), "--yes")
        return self._running

    def kill(self, running: Command) -> None:
        """Kill a command with all that it started."""
        kill_group(running)
        for stream in (running.stdout, running.stderr):
            if stream is not None:
                stream.close()

    def kill_hub(self) -> None:
        """Kill the hub with its job."""
        kill_group(self.served.process)

    def restart_hub(self) -> Served:
        """Start it again."""
        self.served = self._serve()
        return self.served

    def close(self) -> None:
        """End all that was started."""
        if self._running is not None:
            self.kill(self._running)
        kill_group(self.served.process)

    def groups(self) -> list[int]:
        """The process groups of hub and connector."""
        running = self._running
        return [self.served.process.pid, *([running.pid] if running is not None else [])]

    def standing(self) -> Answer:
        """What the hub says that stands."""
        call = self.served.gateway("psb").sign("GET", "/v1/datasets/resident/standing")
        return self.served.call(call)

    def left_over(self) -> list[str]:
        """Files of generations that nothing points to, and chunks."""
        with reading(self._folder) as connection:
            standing = {
                name
                for (name,) in connection.execute(
                    "SELECT name FROM generations WHERE state <> 'retired'"
                )
            }
        files = (self._folder / "records").glob("*.db")
        chunks = (self._folder / "staging").rglob("*.chunk")
        return [path.name for path in (*files, *chunks) if path.stem not in standing]

    def staged(self) -> int:
        """The chunks of what is being received."""
        with reading(self._folder) as connection:
            rows = connection.execute("SELECT id FROM publications WHERE state = 'receiving'")
            found = [name for (name,) in rows]
        return sum(len(list((self._folder / "staging" / each).glob("*.chunk"))) for each in found)

    def begun(self) -> int:
        """Publications that were ever begun."""
        with reading(self._folder) as connection:
            (count,) = connection.execute("SELECT count(*) FROM publications").fetchone()
            return int(count)

    def search(self, values: Sequence[str]) -> list[str]:
        """Where a value is readable, in every file that has changed since the last look."""
        planted = Plaintext(values)
        told: list[str] = []
        for root in (self._folder, self._home):
            for path in sorted(root.rglob("*")):
                try:
                    status = path.stat()
                    mark = (str(path), status.st_size, status.st_mtime_ns)
                    if mark in self._searched:
                        continue
                    found = list(planted.in_path(path, str(path.relative_to(root))))
                except FileNotFoundError:
                    continue
                self._searched.add(mark)
                told += [f"{one.form} in {one.file}" for one in found]
        return told

    def _serve(self) -> Served:
        log = self._place / "hub.log"
        served = Served(self._town, self._folder, self._port, start(self._folder, log))
        until_ready(served, log)
        return served

    def _connector(self, *words: str) -> Command:
        home = ["--home", str(self._home), "--json", "--lang", "en"]
        return subprocess.Popen(
            [sys.executable, "-m", "connectors", *home, *words],
            env=environment(),
            cwd=self._place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
