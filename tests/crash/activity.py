"""What goes on while a hub is killed, beside the questions that always go on.

How to add one: README.md.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from crash.clients import Ground
from crash.journal import Journals
from world.asking import Answer, Gateway, Sent
from world.serving import Served
from world.town import Town


@dataclass
class Scene:
    """What an activity has to do with: the hub that is killed and started again, and its folder."""

    town: Town
    ground: Ground
    journals: Journals
    chance: random.Random
    """Everything that is left to chance is drawn from it, so that a seed repeats a run."""
    serving: list[Served] = field(default_factory=list)
    """The hubs that run now; all of one folder."""
    errors: bool = False
    """Whether system calls have been made to fail since the last check: then what was under way
    may have been given up."""

    @property
    def hub(self) -> Served:
        """One that runs."""
        return self.serving[0]

    def gateway(self, department: str) -> Gateway:
        """The connector of a department, that signs by this machine's clock."""
        return self.hub.gateway(department)

    def call(self, sent: Sent) -> Answer:
        """Send a signed request; raises ``OSError`` or ``HTTPException`` when the hub is gone."""
        return self.hub.call(sent)


class Activity(Protocol):
    """One thing that a hub may be doing when it is killed."""

    span: float
    """Seconds after ``start`` within which it is worth killing the hub."""

    def start(self, scene: Scene) -> None:
        """The hub answers: begin, in threads of your own, and return at once."""

    def stop(self) -> None:
        """The hub is gone: see that your threads have ended."""

    def check(self, scene: Scene) -> list[str]:
        """The hub has been started again and answers: say what does not hold.

        It comes after each kill of ``start``'s hub and waits at most some seconds.
        """


Maker = Callable[[], Activity]


class Nothing:
    """Only questions."""

    span = 0.6

    def start(self, scene: Scene) -> None:
        """Questions go on by themselves."""

    def stop(self) -> None:
        """Nothing was started."""

    def check(self, scene: Scene) -> list[str]:  # noqa: ARG002 as every activity
        """Questions are checked by the run itself."""
        return []


def activities() -> Mapping[str, Maker]:
    """The registry: what can go on, by the name that the run tells."""
    from crash.erasing import Erasing  # noqa: PLC0415 activities import this module
    from crash.publication import Publishing  # noqa: PLC0415 the same
    from crash.rotating import Rotating  # noqa: PLC0415 the same

    return {
        "questions": Nothing,
        "a publication": Publishing,
        "rotations": Rotating,
        "erasures": Erasing,
    }
