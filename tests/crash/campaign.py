"""A run of kills: the hub is started, asked, killed, looked at, and started again."""

import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar

from crash.activity import Activity, Nothing, Scene, activities
from crash.clients import Clients, enrol
from crash.deaths import DEATHS, Death, kill_all
from crash.faults import kill_group
from crash.journal import Written
from crash.outside import Outside, Watch
from crash.standing import Standing, whole
from world.aging import set_back
from world.serving import Served, free_port, start, until_ready
from world.town import HUB, Town

from certs.encoding import unb64u
from hub.web.serve import BROKEN

Card = TypeVar("Card")
ROOT = Path(__file__).resolve().parents[2]
ORIGIN = f"{HUB}/ledger/1"
PATIENCE = 60.0
LOOK = 0.005
SAMPLE = 100
"""Receipts whose inclusion is asked for over HTTP; all are proven from the files."""
GRACEFUL = frozenset({0, -signal.SIGTERM})
REFUSED, NOT_STARTED = 1, 3
"""Exit statuses of a hub that a failing disk keeps from starting: its own, and uvicorn's."""
ENDS = frozenset({BROKEN, REFUSED, NOT_STARTED, -signal.SIGKILL})
"""How a hub may end by itself when its system calls fail."""


@dataclass(frozen=True)
class Variants:
    """What a run draws from; each value comes up before one comes up again."""

    workers: tuple[int, ...] = (1, 2, 3)
    hubs: tuple[int, ...] = (1, 1, 2)
    deaths: tuple[Death, ...] = (*DEATHS, *DEATHS[:1] * 3)
    activities: tuple[str, ...] = ("questions", "questions", *activities())


@dataclass(frozen=True)
class Round:
    """One kill."""

    workers: int
    hubs: int
    death: Death
    activity: str

    def __str__(self) -> str:
        hubs = f"{self.hubs} hubs" if self.hubs > 1 else "1 hub"
        return f"{hubs} of {self.workers}, {self.activity}, {self.death.name}"


@dataclass
class Result:
    """What a run has shown."""

    seed: int
    kills: int = 0
    receipts: int = 0
    replays_refused: int = 0
    lost: int = 0
    forked: int = 0
    recoveries: list[float] = field(default_factory=list)
    """Seconds from the start of a process to its first answer, where nothing was made to fail."""
    problems: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.forked or self.problems)

    @property
    def line(self) -> str:
        """The run in one line."""
        ordered = sorted(self.recoveries) or [0.0]
        p50, p99 = (ordered[round((len(ordered) - 1) * part)] * 1000 for part in (0.5, 0.99))
        return (
            f"{self.kills} kills, {self.receipts} receipts, {self.lost} lost,"
            f" {self.forked} forked, recovery p50 {p50:.0f} ms p99 {p99:.0f} ms"
        )


class AbortedError(Exception):
    """The run makes no sense any more."""


class Campaign:
    """One run over a copy of a town in ``place``."""

    def __init__(
        self,
        town: Town,
        place: Path,
        *,
        kills: int,
        seed: int,
        say: Callable[[str], None],
        variants: Variants | None = None,
        clients: int = 32,
        tree: Path = ROOT,
    ) -> None:
        variants = variants or Variants()
        chance = random.Random(seed)  # noqa: S311 moments, not secrets
        port = free_port()
        self._folder = town.copy(place / "hub", f"http://127.0.0.1:{port}")
        # So that there is something to erase.
        set_back(self._folder, time.time_ns() // 1_000_000)
        ground = enrol(self._folder, place / "clients", port, clients)
        self._place, self._kills, self._say, self._tree = place, kills, say, tree
        self._scene = Scene(town, ground, ground.journals(), chance)
        self._outside = Outside(ORIGIN, ground.checkpoint_keys)
        self._standing = Standing()
        self._result = Result(seed)
        self._activities: dict[str, Activity] = {
            name: make() for name, make in activities().items() if name in variants.activities
        }
        self._rounds = _draw(variants, chance, kills)
        self._checked = 0

    def run(self) -> Result:
        """Kill, look, and tell; ends all that it has started."""
        scene = self._scene
        with Clients(scene.ground, processes=2, seed=self._result.seed) as clients:
            try:
                for number, each in enumerate(self._rounds, 1):
                    self._round(each, clients)
                    told = f"{number}/{self._kills}  {each}: {self._result.receipts} receipts"
                    self._say(told)
                self._finish(clients)
            except AbortedError as aborted:
                self._result.problems.append(str(aborted))
            finally:
                for served in scene.serving:
                    kill_group(served.process)
        self._look()
        result = self._result
        result.lost, result.forked = len(self._standing.lost), self._forked()
        result.problems += [*self._standing.problems, *self._outside.faults, *scene.journals.faults]
        result.replays_refused = scene.journals.replays_refused
        return result

    def _round(self, each: Round, clients: Clients) -> None:
        scene, death = self._scene, each.death
        under = death.under(scene.chance)
        began = self._start(each, under)
        clients.ask_at([served.port for served in scene.serving])
        watch = Watch(self._outside, [served.port for served in scene.serving])
        watch.start()
        activity: Activity = Nothing()
        try:
            if death.answers_first and self._answered(began, fails=bool(under)):
                if not under:
                    # Nobody asks meanwhile: what is looked at would wait for its turn.
                    clients.ask_at([])
                    self._check_served()
                    clients.ask_at([served.port for served in scene.serving])
                activity = self._activities[each.activity]
                activity.start(scene)
            death.come(scene, activity.span)
            self._check_end(under)
        finally:
            kill_all(scene)
            watch.stop()
            activity.stop()
            scene.serving = []
        scene.errors = scene.errors or bool(under)
        self._result.kills += 1
        self._look()
        if not clients.alive():
            raise AbortedError("a client process has ended")

    def _start(self, each: Round, under: Sequence[str]) -> float:
        """Start the hubs of a round; gives the moment."""
        scene = self._scene
        began = time.time()
        for number in range(each.hubs):
            port = free_port() if number else scene.ground.port
            log = self._place / f"hub-{number}.log"
            process = start(
                self._folder,
                log,
                workers=each.workers,
                port=port,
                under=() if number else under,
                tree=self._tree,
            )
            scene.serving.append(Served(scene.town, self._folder, port, process))
        return began

    def _answered(self, began: float, *, fails: bool) -> bool:
        """Wait for the first answer; False if the hub has ended by its fault before."""
        scene = self._scene
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            first = [one.at for one in self._scene.journals.read() if one.at > began]
            if first:
                if not fails:
                    self._result.recoveries.append(min(first) - began)
                return True
            if scene.hub.process.poll() is not None:
                if fails:
                    return False
                raise AbortedError(f"the hub does not start: {self._told()}")
            threading.Event().wait(LOOK)
        if fails:
            return False
        raise AbortedError(f"the hub does not answer: {self._told()}")

    def _check_served(self) -> None:
        """What can be asked of a hub that has been started again."""
        for served in self._scene.serving:
            until_ready(served, self._place / "hub-0.log")
        self._outside.check(self._scene.hub.port, self._outside.sizes[-1:])
        for name, activity in self._activities.items():
            try:
                told = activity.check(self._scene)
            except (OSError, HTTPException) as error:
                status = self._scene.hub.process.poll()
                raise AbortedError(f"{name}: {error!r}, hub {status}: {self._told()}") from error
            self._result.problems += [f"{name}: {one}" for one in told]
        self._scene.errors = False

    def _check_end(self, under: Sequence[str]) -> None:
        """A hub ends by itself only when its system calls fail, and then with a status for it."""
        for number, served in enumerate(self._scene.serving):
            status = served.process.poll()
            failed = under and number == 0
            if status is not None and not (failed and status in ENDS):
                self._result.problems.append(f"the hub ended with {status}: {self._told()}")

    def _look(self) -> None:
        """The cheap checks, while nothing runs."""
        scene = self._scene
        scene.journals.read()
        new: list[Written] = scene.journals.receipts[self._checked :]
        self._checked += len(new)
        self._result.receipts = len(scene.journals.receipts)
        self._standing.check(self._folder, new)
        self._outside.saw_copy(self._folder / "checkpoint.txt")

    def _finish(self, clients: Clients) -> None:
        """Start it once more, see that it goes on, and look at everything."""
        if self._standing.lost:
            raise AbortedError("receipts are lost: the rest is not looked at")
        scene = self._scene
        began = self._start(Round(1, 1, DEATHS[0], "questions"), [])
        clients.ask_at([scene.hub.port])
        self._answered(began, fails=False)
        self._check_served()
        clients.end()
        scene.journals.read()
        self._result.receipts = len(scene.journals.receipts)
        self._until_covered()
        self._outside.check(scene.hub.port)
        receipts = scene.journals.receipts
        sample = scene.chance.sample(receipts, min(SAMPLE, len(receipts)))
        leaves = [(receipt.position, unb64u(receipt.leaf_hash)) for receipt in sample]
        self._outside.check_included(scene.hub.port, leaves)
        scene.hub.process.terminate()
        status = scene.hub.process.wait(PATIENCE)
        if status not in GRACEFUL:
            self._result.problems.append(f"told to end, the hub ended with {status}")
        kill_group(scene.hub.process)
        self._look()
        self._standing.check(self._folder, receipts)
        self._result.problems += whole(scene.ground, scene.journals, self._outside)

    def _until_covered(self) -> None:
        """Wait for a checkpoint over every receipt, as a connector does."""
        last = max(receipt.position for receipt in self._scene.journals.receipts)
        deadline = time.monotonic() + PATIENCE
        while self._outside.newest(self._scene.hub.port) <= last:
            if time.monotonic() > deadline:
                raise AbortedError(f"no checkpoint comes that covers {last}")
            threading.Event().wait(LOOK)

    def _told(self) -> str:
        logs = sorted(self._place.glob("hub-*.log"))
        return "\n".join(log.read_text(encoding="utf-8", errors="replace")[-2000:] for log in logs)

    def _forked(self) -> int:
        return len(self._standing.forked) + self._outside.forked


def _draw(variants: Variants, chance: random.Random, count: int) -> list[Round]:
    """The rounds of a run, each of whose features runs through all its values by itself."""
    decks = zip(
        _deck(variants.workers, chance, count),
        _deck(variants.hubs, chance, count),
        _deck(variants.deaths, chance, count),
        _deck(variants.activities, chance, count),
        strict=True,
    )
    rounds: list[Round] = []
    for drawn, hubs, death, doing in decks:
        # Two hubs of three would spend their time with starting.
        workers = min(drawn, 2) if hubs > 1 else drawn
        rounds.append(Round(max(workers, 2 if death.several_workers else 1), hubs, death, doing))
    return rounds


def _deck(values: Sequence[Card], chance: random.Random, count: int) -> list[Card]:
    drawn: list[Card] = []
    while len(drawn) < count:
        cards = list(values)
        chance.shuffle(cards)
        drawn += cards
    return drawn[:count]
