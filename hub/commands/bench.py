"""``hub bench``."""

import click

from hub.commands.speech import speak


@click.command(help=speak("hub.bench.help"))
def bench() -> None:
    """Measure."""
