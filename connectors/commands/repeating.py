"""``connector publish DATASET … --every 1d@02:30``: one source, published again and again.

A source whose content is that of the generation that stands is not published again; a fault of the
source or of the hub is told, and the next time is another try.
"""

from certs.errors import YifenError
from connectors.commands.delivery import LIVE, Delivered, Delivery
from connectors.commands.given import Given, Opened
from connectors.commands.running import Running
from connectors.errors import ConnectorError, HubError
from connectors.sources.last import Last, content_of, read_last, write_last
from connectors.sources.publication import HubSide
from connectors.sources.publish import Published
from connectors.sources.schedule import Schedule

STEP = 60.0
"""Seconds of sleep at most, so that a clock that was set is noticed."""


class _Unchanged(ConnectorError):
    """The content is that of what stands."""


class Repeating:
    """One source of one dataset, at its times."""

    def __init__(self, running: Running, given: Given, schedule: Schedule) -> None:
        self._running = running
        self._given = given
        self._schedule = schedule
        self._due = schedule.first(running.clock())

    def turn(self) -> None:
        """Publish if it is time to, else wait."""
        running = self._running
        now = running.clock()
        if now < self._due:
            running.sleep(min((self._due - now) / 1000, STEP))
            return
        began = self._due if self._schedule.at is not None else now
        try:
            self._publish()
        except _Unchanged:
            running.tell("unchanged", dataset=self._given.dataset)
        except HubError as error:
            # The hub is away: sooner than the next time, but not later.
            running.pause(error)
            return
        except YifenError as error:
            running.tell_error("failed", error, dataset=self._given.dataset)
        except Exception as error:  # noqa: BLE001 one bad time must not stop the next
            running.tell("broken", dataset=self._given.dataset, why=type(error).__name__)
        self._due = self._schedule.after(began, running.clock())

    def _publish(self) -> None:
        running, home, dataset = self._running, self._running.setting.home, self._given.dataset
        content = ""

        def look(ready: Opened, hub: HubSide) -> None:
            nonlocal content
            content = content_of(ready.source, ready.mapping)
            last = read_last(home, dataset)
            if last is not None and last.content == content:
                standing = hub.standing(dataset)
                if (standing.generation, standing.version) == (last.generation, last.version):
                    raise _Unchanged

        def settle(delivered: Delivered, delivery: Delivery) -> None:
            outcome = delivered.outcome
            if not isinstance(outcome, Published):
                running.tell("applied", dataset=dataset, sequence=outcome.sequence)
                return
            ended = outcome.publication
            if ended.state == LIVE:
                now = delivery.hub.standing(dataset)
                kept = Last(content=content, generation=now.generation, version=now.version)
                # Somebody else may have published since this one went live.
                if now.generation == ended.generation:
                    write_last(home, dataset, kept)
            running.tell(
                "published",
                dataset=dataset,
                publication=ended.publication,
                state=ended.state,
                rows=outcome.rows,
            )

        running.deliver(self._given, look, settle)


def run_every(running: Running, given: Given, every: str) -> None:
    """Publish at the times of ``every`` until SIGTERM; raises ``ScheduleUnclear``."""
    schedule = Schedule.read(every)
    running.tell("repeating", dataset=given.dataset, every=every)
    running.until_ended(Repeating(running, given, schedule).turn)
