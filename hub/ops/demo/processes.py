"""Children, signals, and that nothing is left running."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from catalog.messages import Language

GRACE = 15.0
"""Seconds that a child has for ending by itself."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MODULES = {"hub": "hub.cli", "connector": "connectors.cli"}


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended."""

    status: int
    out: bytes
    err: str


class Children:
    """The demonstration's processes: however it ends, they end first.

    In its block SIGINT, SIGTERM and SIGHUP raise ``KeyboardInterrupt``, but not while a child is
    being started: one that nobody knows of could not be ended.
    """

    def __init__(self, language: Language) -> None:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("YIFEN_")}
        self._environment: Mapping[str, str] = {**ours, "YIFEN_LANG": language}
        self._before: dict[signal.Signals, object] = {}
        self._running: list[subprocess.Popen[bytes]] = []
        self._starting = False
        self._told = False

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self._running):
            _end(child)
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # as signal gave it

    def start(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a child that runs on; what it says goes to ``log``.

        It has a process group of its own, so that Ctrl-C in the terminal reaches us and not it.
        """
        with log.open("ab") as output, self._start():
            child = subprocess.Popen(  # noqa: S603 our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                process_group=0,
            )
            self._running.append(child)
        return child

    def run(
        self,
        command: Sequence[str],
        given: bytes = b"",
        heard: Callable[[str], None] | None = None,
    ) -> Ran:
        """Run a command to its end; ``given`` is its standard input.

        ``heard`` is told each line of its standard error.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as standing_in:
            standing_in.write(given)
            standing_in.seek(0)
            with self._start():
                child = subprocess.Popen(  # noqa: S603 our own commands
                    command,
                    stdin=standing_in,
                    stdout=out,
                    stderr=subprocess.PIPE,
                    env=self._environment,
                    process_group=0,
                )
                self._running.append(child)
            lines: list[str] = []
            for line in child.stderr or ():
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                if heard is not None:
                    heard(lines[-1])
            status = child.wait()
            self._running.remove(child)
            out.seek(0)
            return Ran(status, out.read(), "\n".join(lines))

    @contextmanager
    def _start(self) -> Iterator[None]:
        self._starting = True
        try:
            yield
        finally:
            self._starting = False
        if self._told:
            raise KeyboardInterrupt

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True
        if not self._starting:
            raise KeyboardInterrupt


def command_of(name: str) -> tuple[str, ...]:
    """How to run a command of ours: the one beside this interpreter, else its module."""
    beside = Path(sys.executable).parent / name
    if beside.exists():
        return (str(beside),)
    return (sys.executable, "-c", f"from {_MODULES[name]} import main; main()")


@contextmanager
def paused(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """A child stands still for the block."""
    child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        child.send_signal(signal.SIGCONT)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    # One that stands still hears nothing.
    child.send_signal(signal.SIGCONT)
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
