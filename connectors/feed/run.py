"""``connector subscribe``: pages into files, one after the other, and then the cursor.

1 ask       the page behind the cursor, verified and its receipt kept
2 write     the page as a file of its own, synced to the disk
3 count     its cursor, so that a run that was killed goes on from there

Killed between 2 and 3 the page comes again, into the file of the same number: at least once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from certs.canonical import canonical
from connectors.batch.question import Subject
from connectors.errors import Refused
from connectors.feed.errors import FeedRefused
from connectors.feed.page import FeedPage
from connectors.feed.question import KnownCases
from connectors.feed.state import Subscription, write_synced

SPENT = "repeats-spent"
AT_MOST_TWICE = 2
WAIT = 5
"""Seconds that the hub waits for something new: less than an answer may take."""


class Asks(Protocol):
    """A connector, as far as subscriptions need it."""

    def page(
        self,
        dataset: str,
        cursor: str | None,
        *,
        purpose: str,
        officer: str,
        most: int,
        subjects: Sequence[Subject] | None,
        wait: int,
        of_cases: bool,
        known: KnownCases | None,
    ) -> FeedPage | None:
        """The next page."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is followed; ``subjects`` None is all of the dataset, or the parties of open cases."""

    dataset: str
    purpose: str
    officer: str = field(repr=False)
    most: int
    subjects: tuple[Subject, ...] | None = field(default=None, repr=False)
    of_cases: bool = False
    known: KnownCases | None = field(default=None, repr=False)


@dataclass(slots=True)
class Tally:
    """What has been written: pages, and changes of each kind."""

    pages: int = 0
    upserted: int = 0
    removed: int = 0
    resets: int = 0
    quota: bool = False


def turn(
    wanted: Wanted, into: Path, state: Subscription, connector: Asks, tally: Tally, *, wait: int
) -> FeedPage | None:
    """Take the next page; None if there is none. Raises what asking raises, or ``FeedRefused``."""
    # 1 Ask
    page = _ask(wanted, state, connector, wait)
    if page is None:
        return None
    # 2 Write
    lines = b"".join(canonical(line) + b"\n" for line in page.lines())
    try:
        write_synced(into / f"{state.next:012d}.ndjson", lines)
        # 3 Count
        state.keep(page.cursor)
    except OSError as error:
        raise FeedRefused(why="output") from error
    tally.pages += 1
    tally.resets += page.begins
    tally.quota = page.quota and page.more
    for change in page.changes:
        tally.upserted += change.change == "upserted"
        tally.removed += change.change == "removed"
    return page


def catch_up(
    wanted: Wanted,
    into: Path,
    state: Subscription,
    connector: Asks,
    progress: Callable[[Tally], None],
) -> Tally:
    """Take pages until there is nothing new, or today's quota is spent; what was written stands."""
    tally = Tally()
    while True:
        page = turn(wanted, into, state, connector, tally, wait=0)
        if page is None:
            return tally
        progress(tally)
        if tally.quota:
            return tally


def _ask(wanted: Wanted, state: Subscription, connector: Asks, wait: int) -> FeedPage | None:
    """The page; once more under a new identity if a repeat of ours had grown meanwhile."""
    for tried in range(1, AT_MOST_TWICE + 1):
        try:
            return connector.page(
                wanted.dataset,
                state.cursor,
                purpose=wanted.purpose,
                officer=wanted.officer,
                most=wanted.most,
                subjects=wanted.subjects,
                wait=wait,
                of_cases=wanted.of_cases,
                known=wanted.known,
            )
        except Refused as error:
            if error.problem.code != SPENT or tried == AT_MOST_TWICE:
                raise
    raise AssertionError  # the last try returns or raises
