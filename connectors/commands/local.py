"""Commands whose help speaks the reader's language, headings and all."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog import terminal
from catalog.messages import Language, text
from catalog.terminal import LocalCommand, LocalGroup
from connectors.clock import Sleep, wait
from connectors.screen import Screen

if TYPE_CHECKING:
    from connectors.client import Connector


class Texts:
    """The texts of one language, for help."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str) -> str:
        """The text of ``connector.<key>``."""
        return text(f"connector.{key}", self.language)


class Setting:
    """What the global options say."""

    def __init__(self, home: Path, screen: Screen) -> None:
        self.home = home
        self.screen = screen

    def open(self, sleep: Sleep = wait) -> "Connector":
        """The enrolled connector; ``sleep`` is how it waits."""
        from connectors.client import Connector  # noqa: PLC0415 help needs none of it

        return Connector.open(self.home, sleep=sleep)


pass_setting = click.make_pass_decorator(Setting)


def command_class(texts: Texts) -> type[LocalCommand]:
    """The class of commands in one language."""
    return terminal.command_class(texts.language)


def group_class(texts: Texts) -> type[LocalGroup]:
    """The class of groups in one language."""
    return terminal.group_class(texts.language)
