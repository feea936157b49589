"""One publication from beginning to end, for the command and for what runs by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalog.definition import Dataset
from connectors.client import Connector
from connectors.commands.given import Given, Opened, opened
from connectors.commands.outcome import reason_text
from connectors.errors import ChangesTooEarly
from connectors.screen import Screen
from connectors.sources.progress import OnProgress
from connectors.sources.publication import Applied, HubSide, OnNews
from connectors.sources.publish import Published, discard, publish
from connectors.sources.rejected import Rejection, write_rejected
from connectors.sources.rejected_workbook import write_rejected_workbook
from connectors.sources.sheets import SheetSource
from connectors.sources.source import Source
from connectors.sources.upload import Upload
from connectors.sources.xlsx_rows import SheetReader

LIVE = "live"
_HEADINGS = ("row", "reason_zh", "reason_en", "item")
Look = Callable[[Opened, HubSide], None]
"""Told the source before anything is sent; may raise to stop it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a source; ``rejected`` is where the rejected rows were written."""

    outcome: Published | Applied
    rejected: Path | None


class Delivery:
    """Publishes sources of one dataset through one connector."""

    def __init__(self, connector: Connector, home: Path, screen: Screen, news: OnNews) -> None:
        self.hub = HubSide(connector.calls, connector.sleep, news)
        self._connector = connector
        self._home = home
        self._screen = screen

    @contextmanager
    def deliver(self, given: Given, look: Look, progress: OnProgress) -> Iterator[Delivered]:
        """Publish; what was written down of it is forgotten at the clean end of the block.

        Raises ``PublicationError``, ``SourceError``, ``Refused`` or ``HubError``; then it can be
        gone on with.
        """
        given.check()
        with Upload.held(self._home, given.dataset) as upload:
            definition = self.hub.lasting(lambda: self._connector.definition(given.dataset))
            with opened(given, definition, self._home) as ready:
                look(ready, self.hub)
                self._check_standing(given)
                outcome = publish(
                    self.hub, upload, ready.order, ready.source, ready.mapping, progress=progress
                )
                path = None
                if isinstance(outcome, Published) and outcome.rejections:
                    path = self._write(ready.source, definition, outcome)
            yield Delivered(outcome, path)
            upload.forget()

    def discard(self, dataset: str) -> bool:
        """Give up what was cut off; False if there is nothing written down."""
        with Upload.held(self._home, dataset) as upload:
            if upload.record is None:
                return False
            discard(self.hub, upload)
            return True

    def waiting(self, dataset: str) -> bool:
        """Whether something is written down that can be gone on with."""
        with Upload.held(self._home, dataset) as upload:
            return upload.record is not None

    def _check_standing(self, given: Given) -> None:
        """Tell after which change set one without a number comes.

        The number is given by the hub: one that was asked for could be another connector's by the
        time that it is used, and this change set would be taken for that one.
        """
        if not given.changes or given.sequence is not None:
            return
        standing = self.hub.standing(given.dataset)
        if standing.generation is None:
            raise ChangesTooEarly(dataset=given.dataset)
        self.hub.news("standing", {"sequence": standing.sequence})

    def _write(self, source: Source, definition: Dataset, ended: Published) -> Path:
        """The rejected rows: in the same workbook, or as CSV beside the source."""
        screen = self._screen
        if not isinstance(source, SheetSource) or not isinstance(source.reader, SheetReader):
            return write_rejected(source, ended.rejections, _HEADINGS, reason_text)

        def say(one: Rejection) -> str:
            reason = reason_text(one.reason, screen.language)
            item = definition.by_code.get(one.item)
            if item is None:
                return reason
            title = item.title_zh if screen.language == "zh" else item.title_en
            return screen.words("connector.publish.wrong", item=title, reason=reason)

        heading = screen.words("connector.publish.wrong_heading")
        return write_rejected_workbook(source, source.reader.part, ended.rejections, heading, say)
