"""``hub init`` and ``hub serve``."""

from pathlib import Path

import click

from hub.clock import system_clock
from hub.commands.speech import Place, read_password, speak
from hub.ops.init import init as make_hub
from hub.web.serve import serve as serve_hub


@click.command(help=speak("hub.init.help"))
@click.option("--name", required=True, help=speak("hub.init.name"))
@click.option(
    "--origin", default="http://127.0.0.1:8440", show_default=True, help=speak("hub.init.origin")
)
@click.option("--administrator", default="admin", show_default=True, help=speak("hub.init.admin"))
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=speak("hub.password-file"),
)
@click.pass_obj
def init(
    place: Place, name: str, origin: str, administrator: str, password_file: Path | None
) -> None:
    """Make a new hub in the folder."""
    password = read_password(password_file, "hub.password-new", confirm=True)
    folder = make_hub(
        place.folder,
        name,
        origin,
        system_clock,
        administrator=(administrator, speak("hub.init.person"), password),
    )
    root_key = folder.keys / "root"
    master = folder.keys / "master.key"
    click.echo(speak("hub.init.done", folder=str(folder.root)))
    click.echo(speak("hub.init.root", path=str(root_key)))
    click.echo(speak("hub.init.master", path=str(master)))


@click.command(help=speak("hub.serve.help"))
@click.option("--listen", help=speak("hub.serve.listen"))
@click.option("--workers", type=click.IntRange(1, 64), help=speak("hub.serve.workers"))
@click.pass_obj
def serve(place: Place, listen: str | None, workers: int | None) -> None:
    """Serve until a signal ends it."""
    serve_hub(place.folder, listen=listen, workers=workers)
