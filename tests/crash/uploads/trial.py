"""A run of kills of ``connector publish``: the connector, the hub with its job, the job alone.

Each round publishes another version of the same people and is cut off once; then whatever is dead
is started again, and the same command is run again if it did not come to its end by itself.
"""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from crash.uploads.memory import Memory, jobs_of
from crash.uploads.people import People
from crash.uploads.probe import Probe
from crash.uploads.stage import PATIENCE, Command, Stage
from world.town import Town

from certs.canonical import Json

TARGETS = ("connector", "hub", "job", "connector and hub")
SWEEP = 20.0
"""Seconds in which what was replaced is taken away."""
MOST_RUNS = 4
"""Runs of the command until it is live; a job that dies three times is given up by the hub."""
EARLY = 0.2
"""The part of kills whose moment is counted from the start of the command, and not from when the
hub has begun."""
GIB = 1 << 30


@dataclass
class Result:
    """What a run has shown."""

    kills: int = 0
    resumed: int = 0
    vanished: int = 0
    resent: int = 0
    """Chunks that were sent although they were there."""
    answers: int = 0
    readable: int = 0
    peaks: dict[str, int] = field(default_factory=dict)
    together: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        fat = any(peak >= GIB for peak in self.peaks.values())
        return not (self.problems or self.readable or self.resent or fat)

    @property
    def line(self) -> str:
        """The run in one line."""
        memory = ", ".join(f"{kind} {size >> 20} MiB" for kind, size in sorted(self.peaks.items()))
        return (
            f"{self.kills} kills, {self.resumed} resumed, {self.vanished} vanished,"
            f" {self.resent} chunks sent twice, {self.answers} lookups whole,"
            f" {self.readable} values readable; most memory of one process: {memory};"
            f" of all at once {self.together >> 20} MiB; {self.seconds:.0f} s"
        )


class Trial:
    """One run over a copy of a town in ``place``."""

    def __init__(
        self,
        town: Town,
        place: Path,
        *,
        rows: int,
        kills: int,
        seed: int,
        say: Callable[[str], None],
    ) -> None:
        self._chance = random.Random(seed)  # noqa: S311 moments, not secrets
        self._kills, self._say = kills, say
        self._people = People(rows)
        self._stage = Stage(town, place, self._people)
        self._probe = Probe(self._people, random.Random(seed))  # noqa: S311 the same
        self._result = Result()
        self._span = 0.0

    def run(self) -> Result:
        """Kill, look and tell; ends all that it has started."""
        began = time.monotonic()
        memory = Memory(self._stage.groups)
        try:
            self._stage.enrol()
            memory.start()
            self._probe.start(self._stage.served)
            self._undisturbed()
            version = 2
            decks = [self._chance.sample(TARGETS, len(TARGETS)) for _ in range(self._kills)]
            for target in [each for deck in decks for each in deck][: self._kills]:
                version = self._until_killed(version, target)
        except KeyboardInterrupt:
            self._result.problems.append("ended early")
        finally:
            self._probe.stop()
            memory.stop()
            self._stage.close()
        result = self._result
        result.answers, result.seconds = self._probe.answers, time.monotonic() - began
        result.peaks, result.together = memory.peaks, memory.together
        result.problems += self._probe.problems
        return result

    # -- one round -----------------------------------------------------------------------------
    def _undisturbed(self) -> None:
        """The first publication, to its end; how long it takes says when to kill the others."""
        self._people.write(self._stage.file, 1)
        self._probe.expect(0, 1)
        before, running = self._stage.begun(), self._stage.publish()
        self._until_begun(before, running)
        began = time.monotonic()
        self._conclude(1, running)
        self._span = time.monotonic() - began
        self._say(f"{self._people.rows} rows published in {self._span:.1f} s")

    def _until_begun(self, before: int, running: Command) -> None:
        """Wait until the hub has begun one more publication, or the command has ended."""
        while self._stage.begun() == before and running.poll() is None:
            _pause()

    def _until_killed(self, version: int, target: str) -> int:
        """Rounds until one was cut off; gives the next version."""
        while True:
            self._people.write(self._stage.file, version)
            self._probe.expect(version - 1, version)
            before, running = self._stage.begun(), self._stage.publish()
            if self._chance.random() > EARLY:
                self._until_begun(before, running)
            moment = self._chance.uniform(0.0, 0.9) * self._span
            killed = self._kill_at(running, moment, target)
            if killed:
                self._result.kills += 1
                there = self._stage.staged()
                found = self._stage.search(
                    self._people.planted((version - 1, version), self._chance)
                )
                self._result.readable += len(found)
                self._result.problems += found
                self._again(version, running, target, there)
                number = self._result.kills
                self._say(f"{number}/{self._kills}  {target} at {moment:.1f} s: {there} chunks")
            else:
                self._conclude(version, running)
            version += 1
            if killed:
                return version

    def _kill_at(self, running: Command, moment: float, target: str) -> bool:
        """Kill ``target`` at a moment; False if there was nothing left to kill."""
        deadline = time.monotonic() + moment
        while time.monotonic() < deadline:
            if running.poll() is not None:
                return False
            _pause()
        while target == "job":
            jobs = jobs_of(self._stage.served.process.pid)
            if jobs:
                os.kill(self._chance.choice(jobs), signal.SIGKILL)
                return True
            if running.poll() is not None:
                return False
            _pause()
        if running.poll() is not None:
            return False
        if "connector" in target:
            self._stage.kill(running)
        if "hub" in target:
            self._stage.kill_hub()
        return True

    def _again(self, version: int, running: Command, target: str, there: int) -> None:
        """Start again what is dead, and see the version come to life."""
        before = self._stage.begun()
        if "hub" in target:
            self._probe.at(self._stage.restart_hub())
        if "connector" in target:
            running = self._stage.publish()
        told = self._conclude(version, running)
        if self._stage.begun() == before and before:
            self._result.resumed += 1
        else:
            self._result.vanished += 1
        chunks = told["chunks"]
        assert isinstance(chunks, dict)
        if "connector" in target and self._stage.begun() == before:
            self._result.resent += max(there - int(str(chunks["found"])), 0)

    def _conclude(self, version: int, running: Command) -> dict[str, Json]:
        """The end of a publication, by as many runs of the command as it takes."""
        for _ in range(MOST_RUNS):
            out, err = running.communicate(timeout=PATIENCE)
            if running.returncode == 0:
                told: dict[str, Json] = json.loads(out)
                self._check(version)
                return told
            self._say(f"again: {err.decode().strip()[-200:]}")
            running = self._stage.publish()
        raise AssertionError(f"version {version} does not come to life: {err.decode()[-1000:]}")

    def _check(self, version: int) -> None:
        """What stands is the version, whole, and nothing is left over."""
        self._probe.expect(version, version)
        rows = self._stage.standing().document["rows"]
        if rows != self._people.rows:
            self._result.problems.append(f"{rows} rows stand of version {version}")
        deadline = time.monotonic() + SWEEP
        while (left := self._stage.left_over()) and time.monotonic() < deadline:
            _pause()
        self._result.problems += [f"{name} is left over" for name in left]


def _pause() -> None:
    threading.Event().wait(0.01)
