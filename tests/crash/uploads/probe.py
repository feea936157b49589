"""Somebody asks all the time: each answer is of the version before, or of the one after, whole."""

import random
import threading
from http.client import HTTPException

from crash.uploads.people import FIRST, People
from world.asking import Answer
from world.serving import Served

PAUSE = 0.05
PATIENCE = 60.0


class Probe:
    """A thread that asks about the probed people, whenever there is a hub."""

    def __init__(self, people: People, chance: random.Random) -> None:
        self._people = people
        self._chance = chance
        self._guard = threading.Lock()
        self._served: Served | None = None
        self._allowed = (FIRST, FIRST)
        self._reached = FIRST
        self._generations: dict[str, int] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, daemon=True)
        self.answers = 0
        self.problems: list[str] = []

    def start(self, served: Served) -> None:
        """Begin to ask."""
        self._served = served
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(PATIENCE)

    def at(self, served: Served) -> None:
        """Ask this hub from now on."""
        self._served = served

    def expect(self, old: int, new: int) -> None:
        """From now on answers are of one of two versions, and of the new one for good."""
        with self._guard:
            self._allowed = (old, new)

    def _ask_on(self) -> None:
        while not self._stopping.wait(PAUSE):
            served = self._served
            if served is None:
                continue
            subject = self._chance.choice((*self._people.turns, *self._people.probed))
            with self._guard:
                old = self._allowed[0]
            question = served.gateway("nrb").lookup(
                subject={"type": "resident_id", "id": subject}, items=["name"]
            )
            try:
                answer = served.call(question)
            except (HTTPException, OSError):
                continue
            if answer.status == 200:
                self._judge(subject, answer, old)
            elif answer.status not in {502, 503}:
                self.problems.append(f"a lookup was answered {answer.status}")

    def _judge(self, subject: str, answer: Answer, old: int) -> None:
        result = answer.result
        records = result["records"]
        assert isinstance(records, list)
        names = [record["items"]["name"] for record in records]  # type: ignore[index, call-overload]
        generation = str(result["generation"])
        with self._guard:
            new = self._allowed[1]
            fitting = [
                version
                for version in {max(old, self._reached), new}
                if names == [name for name in [self._people.expected(subject, version)] if name]
            ]
            known = self._generations.get(generation)
            self.answers += 1
            if not fitting or (known is not None and known not in fitting):
                self.problems.append(f"{names} of {generation}, between {old} and {new}")
            elif len(fitting) == 1:
                self._generations[generation] = fitting[0]
                self._reached = max(self._reached, fitting[0])
