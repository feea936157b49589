"""``hub demo``."""

import sys
from pathlib import Path

import click

from hub.commands.acting import Api
from hub.commands.speech import LANGUAGE, command, speak

LEAST_RESIDENTS, LEAST_ENTERPRISES = 1_000, 100
"""Of fewer, the story would often lack somebody to be told about."""


@command(help=speak("hub.demo.help"))
@click.option(
    "--demo-folder",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help=speak("hub.demo.folder"),
)
@click.option(
    "--residents",
    type=click.IntRange(LEAST_RESIDENTS),
    default=20_000,
    show_default=True,
    help=speak("hub.demo.residents"),
)
@click.option(
    "--enterprises",
    type=click.IntRange(LEAST_ENTERPRISES),
    default=3_000,
    show_default=True,
    help=speak("hub.demo.enterprises"),
)
@click.option("--seed", type=int, default=1, show_default=True, help=speak("hub.demo.seed"))
@click.option("--port", type=click.IntRange(0, 65535), help=speak("hub.demo.port"))
@click.option("--exit", "leave", is_flag=True, help=speak("hub.demo.exit"))
def demo(
    folder: Path, residents: int, enterprises: int, seed: int, port: int | None, *, leave: bool
) -> None:
    """Tell the story, checking every step, then serve until a signal."""
    # Here, so that every other command starts without it.
    from hub.ops.demo.stage import Options  # noqa: PLC0415
    from hub.ops.demo.story import run  # noqa: PLC0415

    options = Options(folder, residents, enterprises, seed, port)
    sys.exit(run(options, LANGUAGE, Api, leave=leave))
