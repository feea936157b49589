"""What publishes by itself: how it opens the connector, tells its events, waits and ends.

Each event is one line. One bad file, or a hub that is away, ends nothing; SIGTERM does, at the
next pause, and leaves what is under way to be gone on with. The connector is opened anew for each
publication, so that a renewed certificate is taken up.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from certs.encoding import rfc3339
from certs.errors import YifenError
from connectors.client import Connector
from connectors.clock import Clock, Sleep, monotonic, system_clock
from connectors.commands.delivery import Delivered, Delivery, Look
from connectors.commands.given import Given
from connectors.commands.local import Setting
from connectors.ending import Ended, Ending
from connectors.errors import Refused
from connectors.sources.progress import Monotonic, Step

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds before something is tried again that is not the fault of a source."""
Open = Callable[[Sleep], AbstractContextManager[Connector]]


class Running:
    """What runs by itself has of the world."""

    def __init__(
        self,
        setting: Setting,
        *,
        open_connector: Open | None = None,
        clock: Clock = system_clock,
        passing: Monotonic = monotonic,
        ending: Ending | None = None,
        sleep: Sleep | None = None,
    ) -> None:
        self.setting = setting
        self.clock = clock
        self.monotonic = passing
        self.ending = ending or Ending()
        self.sleep = sleep or self.ending.sleep
        self._open = open_connector or setting.open
        self._told: tuple[str, dict[str, str | int]] | None = None
        self._pause = FIRST_PAUSE

    def until_ended(self, turn: Callable[[], None]) -> None:
        """Do ``turn`` again and again until the end is asked for."""
        with self.ending.on_signals():
            try:
                while True:
                    self.ending.check()
                    turn()
            except Ended:
                self.tell("ended")

    def deliver(
        self, given: Given, look: Look, settle: Callable[[Delivered, Delivery], None]
    ) -> None:
        """Publish; ``settle`` is called before what was written down of it is forgotten."""
        with self._open(self.sleep) as connector:
            delivery = self._delivery(connector)
            with delivery.deliver(given, look, self._step) as delivered:
                settle(delivered, delivery)
        self._pause = FIRST_PAUSE

    def discard(self, dataset: str) -> None:
        """Give up what is written down of an upload; whatever keeps from it keeps it for later."""
        try:
            with self._open(self.sleep) as connector:
                self._delivery(connector).discard(dataset)
        except YifenError as error:
            self.tell_error("waiting", error)

    def pause(self, error: YifenError) -> None:
        """Tell why nothing can be done now, once, and wait: longer each time."""
        self.tell_error("waiting", error)
        self.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def tell(self, what: str, **facts: str | int) -> None:
        """One event, in one line; the same one is not told again."""
        if self._told == (what, facts):
            return
        self._told = (what, facts)
        self.setting.screen.event(rfc3339(self.clock()), what, facts)

    def tell_error(self, what: str, error: YifenError, **facts: str | int) -> None:
        """An event that an error stands behind."""
        title, detail = self.setting.screen.describe(error)
        code = error.problem.code if isinstance(error, Refused) else error.code
        self.tell(what, **facts, code=code, why=f"{title} {detail}".strip())

    def _delivery(self, connector: Connector) -> Delivery:
        def news(what: str, facts: dict[str, str | int]) -> None:
            self.tell(what, **facts)

        return Delivery(connector, self.setting.home, self.setting.screen, news)

    def _step(self, _: Step) -> None:
        self.ending.check()
