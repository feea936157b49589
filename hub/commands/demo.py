"""``hub demo``."""

import click

from hub.commands.speech import LANGUAGE, Place, speak


@click.command(help=speak("hub.demo.help"))
@click.pass_obj
def demo(place: Place) -> None:
    """Tell the story."""
    click.echo(f"{place.folder} {LANGUAGE}")
