"""``connector subscribe``: follow a dataset, or some subjects of it, into a folder of files."""

from functools import partial
from pathlib import Path

import click

from catalog.terminal import LocalGroup
from certs.errors import YifenError
from connectors.batch.lines import Pieces
from connectors.batch.question import MOST_SUBJECTS, Subject
from connectors.clock import monotonic
from connectors.commands.local import Setting, Texts, command_class, pass_setting
from connectors.ending import Ended, Ending
from connectors.errors import Dishonest, HubError, Refused
from connectors.feed.errors import FeedRefused
from connectors.feed.question import MOST
from connectors.feed.run import WAIT, Tally, Wanted, catch_up, turn
from connectors.feed.state import Subscription
from connectors.screen import Screen

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before a hub that is away, or a spent quota, is asked again."""
EVERY_SECONDS = 5.0
_LATER = frozenset({429, 502, 503, 504})
"""What a hub, or a proxy before it, says that may be otherwise in a while."""
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("subscribe", cls=command_class(texts), help=texts("subscribe.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.option("--into", type=_FOLDER, required=True, help=texts("subscribe.into"))
    @click.option("--purpose", required=True, help=texts("args.purpose"))
    @click.option("--officer", required=True, help=texts("args.officer"))
    @click.option("--subjects", type=_FILE, help=texts("subscribe.subjects"))
    @click.option("--open-cases", is_flag=True, help=texts("subscribe.open-cases"))
    @click.option("--known-cases", type=_FILE, help=texts("subscribe.known-cases"))
    @click.option("--case", help=texts("batch.case"))
    @click.option("--type", "kind", help=texts("batch.type"))
    @click.option(
        "--most",
        type=click.IntRange(1, MOST),
        default=MOST,
        show_default=True,
        help=texts("subscribe.most"),
    )
    @click.option("--anew", is_flag=True, help=texts("subscribe.anew"))
    @click.option("--follow", is_flag=True, help=texts("subscribe.follow"))
    @pass_setting
    def _subscribe(
        setting: Setting,
        dataset: str,
        into: Path,
        purpose: str,
        officer: str,
        subjects: Path | None,
        case: str | None,
        kind: str | None,
        most: int,
        *,
        anew: bool,
        follow: bool,
        open_cases: bool,
        known_cases: Path | None,
    ) -> None:
        if open_cases and subjects is not None:
            raise FeedRefused(why="subjects-or-cases")
        if known_cases is not None and not open_cases:
            raise FeedRefused(why="cases-of-nothing")
        chosen = None if subjects is None else _subjects(subjects, kind, case)
        known = None if known_cases is None else partial(_numbers, known_cases)
        wanted = Wanted(dataset, purpose, officer, most, chosen, open_cases, known)
        setting.open().close()  # who is not enrolled leaves no file behind
        try:
            into.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FeedRefused(why="output") from error
        state = Subscription.open(setting.home, into, dataset)
        try:
            if anew:
                state.begin_anew()
            if follow:
                Following(setting, wanted, into, state).until_ended()
            else:
                with setting.open() as connector:
                    told = Progress(setting.screen)
                    tally = catch_up(wanted, into, state, connector, told)
                _tell(setting.screen, tally)
        finally:
            state.close()


class Progress:
    """A line on standard error now and then."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._told = monotonic()

    def __call__(self, tally: Tally) -> None:
        """Tell, if it is time to."""
        now = monotonic()
        if now - self._told >= EVERY_SECONDS:
            self._told = now
            changes = tally.upserted + tally.removed
            self._screen.note("connector.subscribe.progress", pages=tally.pages, changes=changes)


class Following:
    """Follows until the end is asked for; a hub that is away is waited for."""

    def __init__(
        self,
        setting: Setting,
        wanted: Wanted,
        into: Path,
        state: Subscription,
        ending: Ending | None = None,
    ) -> None:
        self._setting = setting
        self._wanted = wanted
        self._into = into
        self._state = state
        self._ending = ending or Ending()
        self._pause = FIRST_PAUSE
        self._tally = Tally()

    def until_ended(self) -> None:
        """Take pages as they come until SIGTERM or Ctrl-C."""
        screen = self._setting.screen
        screen.note("connector.subscribe.following", dataset=self._wanted.dataset)
        with self._ending.on_signals():
            try:
                while True:
                    self._connected()
            except Ended:
                _tell(screen, self._tally)

    def _connected(self) -> None:
        """Follow under one certificate, for a while: a renewed one is taken up by the next."""
        told = Progress(self._setting.screen)
        with self._setting.open(self._ending.sleep) as connector:
            until = monotonic() + LONGEST_PAUSE
            while monotonic() < until:
                self._ending.check()
                try:
                    page = turn(
                        self._wanted, self._into, self._state, connector, self._tally, wait=WAIT
                    )
                except Dishonest:
                    raise
                except (HubError, Refused) as error:
                    if isinstance(error, Refused) and error.problem.status not in _LATER:
                        raise
                    self._wait(error)
                    return
                self._pause = FIRST_PAUSE
                if page is not None:
                    told(self._tally)

    def _wait(self, error: YifenError) -> None:
        title, _ = self._setting.screen.describe(error)
        self._setting.screen.note(
            "connector.subscribe.waiting", why=title, seconds=int(self._pause)
        )
        self._ending.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)


def _subjects(path: Path, kind: str | None, case: str | None) -> tuple[Subject, ...]:
    """The subjects of a file, as ``connector batch`` reads them; raises ``FeedRefused``."""
    found: list[Subject] = []
    try:
        with path.open("rb") as stream:
            for piece in Pieces(stream, MOST_SUBJECTS, kind, case):
                for line in piece.lines:
                    if line.subject is None:
                        raise FeedRefused(why=f"line-{line.number}-{line.fault}")
                    found.append(line.subject)
    except OSError as error:
        raise FeedRefused(why="subjects") from error
    if not 0 < len(found) <= MOST_SUBJECTS:
        raise FeedRefused(why="subjects-count")
    return tuple(found)


def _numbers(path: Path) -> frozenset[str]:
    """The case numbers of a file, one a line, as it is now; raises ``FeedRefused``."""
    try:
        return frozenset(line.strip() for line in path.read_text("utf-8-sig").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise FeedRefused(why="cases") from error


def _tell(screen: Screen, tally: Tally) -> None:
    counts = {
        "pages": tally.pages,
        "removed": tally.removed,
        "resets": tally.resets,
        "upserted": tally.upserted,
    }
    screen.note("connector.subscribe.done", **counts)
    if tally.quota:
        screen.note("connector.subscribe.quota")
    screen.value({**counts, "quota": tally.quota})
