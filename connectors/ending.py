"""Ending well: SIGTERM and Ctrl-C end what runs by itself at its next pause, not in the middle."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Ended(BaseException):
    """Somebody has asked for the end."""


class Ending:
    """Whether the end was asked for; sleeps until then."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        """Ask for the end."""
        self._asked.set()

    def check(self) -> None:
        """Raise ``Ended`` if it was asked for."""
        if self._asked.is_set():
            raise Ended

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds; raises ``Ended`` as soon as the end is asked for."""
        if self._asked.wait(seconds):
            raise Ended

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Within the block the first SIGTERM or SIGINT asks for the end; a second one kills."""
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def asked(number: int, _: FrameType | None) -> None:
            signal.signal(number, signal.SIG_DFL)
            self.ask()

        for number in before:
            signal.signal(number, asked)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
