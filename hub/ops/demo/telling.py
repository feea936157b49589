"""What is told in the terminal: acts, numbered steps, and expectations that are checked.

Colours and bars on a terminal, plain lines elsewhere; the words are the same.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from catalog.messages import Language, text
from hub.ops.demo.errors import Unexpected

_STEP, _DETAIL = "  ", "       "
_EVERY = 10.0
"""Seconds between two plain lines of progress."""


class Teller:
    """Tells the story; raises ``Unexpected`` where it goes otherwise than told."""

    def __init__(self, language: Language, console: Console | None = None) -> None:
        self.language = language
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._act = 0
        self._step = 0
        self._key = ""
        self._began = time.monotonic()
        self.expected = 0
        """How many expectations have held."""

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    def words(self, key: str, **params: str | int) -> str:
        """A text of ours."""
        return text(key, self.language, **params)

    def title(self, key: str, **params: str | int) -> None:
        """The heading of it all."""
        self._print(Text(self.words(key, **params), style="bold"))

    def paragraph(self, key: str, **params: str | int) -> None:
        """A line beneath a heading."""
        self._print(Text(_STEP + self.words(key, **params), style="dim"))

    def act(self, key: str, **params: str | int) -> None:
        """Begin an act: its title, and in a line or two what it is about."""
        self._act += 1
        self._step = 0
        self._print()
        self._print(Text(f"{self._act}  {self.words(f'{key}.title')}", style="bold cyan"))
        self._print(Text(_STEP + self.words(f"{key}.about", **params), style="dim"))

    def step(self, key: str, **params: str | int) -> None:
        """Say what is done next."""
        self._step += 1
        self._key = key
        number = f"{self._act}.{self._step}"
        self._print(Text(f"{_STEP}{number:<5}{self.words(key, **params)}"))

    def say(self, key: str, **params: str | int) -> None:
        """A line of what came of it."""
        self._print(Text(_DETAIL + self.words(key, **params)))

    def row(self, cells: Sequence[str], widths: Sequence[int]) -> None:
        """A row of a table; a negative width is for a number, at the right."""
        shown = [_cell(cell, width) for cell, width in zip(cells, widths, strict=True)]
        self._print(Text((_DETAIL + "  ".join(shown)).rstrip()))

    def expect(self, holds: bool, which: str = "expected", *, seen: str = "") -> None:  # noqa: FBT001 it is what is expected
        """Check what the step expects, its text ``<step>.<which>``, and say that it is so."""
        expected = self.words(f"{self._key}.{which}")
        if not holds:
            number = f"{self._act}.{self._step}"
            raise Unexpected(step=number, expected=expected, seen=seen or "—")
        self.expected += 1
        self._print(Text(_DETAIL), Text("✓ ", style="green"), Text(expected))

    def lines(self, *lines: str) -> None:
        """Lines as they are."""
        for line in lines:
            self._print(Text(line))

    @contextmanager
    def progress(
        self, key: str, total: int, **params: str | int
    ) -> Iterator[Callable[[int], None]]:
        """A bar for what takes long; elsewhere a line now and then, none for what is quick."""
        label = self.words(key, **params)
        if not self._console.is_terminal:
            yield self._plainly(label, total)
            return
        label = f"{_DETAIL}{label}"
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(
            *columns, TimeElapsedColumn(), console=self._console, transient=True
        ) as progress:
            task = progress.add_task(label, total=total)
            yield lambda done: progress.update(task, completed=done)

    def _plainly(self, label: str, total: int) -> Callable[[int], None]:
        told = time.monotonic()

        def show(done: int) -> None:
            nonlocal told
            if time.monotonic() - told >= _EVERY:
                told = time.monotonic()
                self._print(Text(f"{_DETAIL}{label} {100 * done // total} %"))

        return show

    def _print(self, *parts: Text) -> None:
        self._console.print(Text.assemble(*parts) if parts else "")


def count(number: int) -> str:
    """A number with its thousands parted."""
    return f"{number:,}"


def _cell(cell: str, width: int) -> str:
    """A cell in so many columns of the terminal, where a Chinese character takes two."""
    if width >= 0:
        return set_cell_size(cell, width)
    padded = set_cell_size(cell, -width)
    kept = padded.rstrip()
    return " " * (len(padded) - len(kept)) + kept
