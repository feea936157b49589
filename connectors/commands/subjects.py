"""Whom a command is about: from a file, from standard input or at a prompt, never an argument."""

import sys
from pathlib import Path

import click

from connectors.errors import QuestionRefused
from connectors.screen import Screen

MAX_SUBJECT = 4096
MAX_CLAIMS = 1024 * 1024


def read_subject(screen: Screen, file: Path | None) -> str:
    """The identifier in a file's first line, else on standard input, else asked for."""
    if file is not None:
        return read_line(file, "subject-id")
    if sys.stdin.isatty():
        return str(click.prompt(screen.words("connector.lookup.prompt"), err=True)).strip()
    return sys.stdin.readline(MAX_SUBJECT).strip()


def read_line(file: Path, why: str) -> str:
    """The first line of a file; raises ``QuestionRefused``."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            return stream.readline(MAX_SUBJECT).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionRefused(why=why) from error
