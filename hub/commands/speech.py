"""What all commands share: their language and where they act."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import click

from catalog.language import language_of
from catalog.messages import text
from catalog.terminal import LocalCommand, LocalGroup, command_class, group_class

LANGUAGE = language_of(os.environ)
Body: TypeAlias = Callable[..., None]


def command(
    name: str | None = None,
    *,
    help: str = "",  # noqa: A002 click's own word
) -> Callable[[Body], LocalCommand]:
    """Make a function a command whose help speaks the terminal's language."""
    return click.command(name, cls=command_class(LANGUAGE), help=help)


def group(*, help: str) -> Callable[[Body], LocalGroup]:  # noqa: A002 click's own word
    """Make a function a group of such commands."""
    return click.group(cls=group_class(LANGUAGE), help=help)


@dataclass(frozen=True, slots=True)
class Place:
    """The hub's folder, its address, and the file of the signed-in person's session."""

    folder: Path
    address: str
    session: Path


def speak(key: str, **params: str | int) -> str:
    """A text in the terminal's language."""
    return text(key, LANGUAGE, **params)


def read_password(file: Path | None, prompt: str, *, confirm: bool = False) -> str:
    """A password from the first line of a file, or asked for; it never stands in arguments."""
    if file is not None:
        return file.read_text(encoding="utf-8").splitlines()[0]
    entered: str = click.prompt(speak(prompt), hide_input=True, confirmation_prompt=confirm)
    return entered
