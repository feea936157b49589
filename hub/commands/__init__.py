"""The commands of ``hub``; each changing one acts through the API as a signed-in person."""

import logging
import sys
from pathlib import Path

import click

from catalog.messages import text
from certs.errors import YifenError
from hub.commands.acting import CallRefused
from hub.commands.admission import connector, dataset, department, person, publication, purpose
from hub.commands.bench import bench
from hub.commands.demo import demo
from hub.commands.grant import grant
from hub.commands.ledger import ledger
from hub.commands.serving import doctor, init, migrate, serve
from hub.commands.signing import sign_in, sign_out
from hub.commands.speech import LANGUAGE, Place, speak


class _Group(click.Group):
    """A group whose errors are told, not traced."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command; an error of ours ends it with status 1 and its text."""
        try:
            return super().invoke(ctx)
        except CallRefused as error:
            click.echo(error.told(LANGUAGE), err=True)
        except YifenError as error:
            title = text(f"problem.{error.code}.title", LANGUAGE)
            detail = text(f"problem.{error.code}.detail", LANGUAGE, **error.facts)
            click.echo(f"{title}\n{detail}", err=True)
        sys.exit(1)


@click.group(cls=_Group, help=speak("hub.help"))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("hub-data"),
    envvar="YIFEN_HUB",
    show_default=True,
    help=speak("hub.folder"),
)
@click.option(
    "--address", default="http://127.0.0.1:8440", envvar="YIFEN_ADDRESS", help=speak("hub.address")
)
@click.option(
    "--session",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("~/.yifen/session"),
    envvar="YIFEN_SESSION",
    help=speak("hub.session"),
)
@click.version_option(package_name="yifen")
@click.pass_context
def hub(ctx: click.Context, folder: Path, address: str, session: Path) -> None:
    """Run the hub and act on it."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    ctx.obj = Place(folder, address.rstrip("/"), session.expanduser())


for command in (
    init,
    migrate,
    doctor,
    serve,
    sign_in,
    sign_out,
    department,
    connector,
    dataset,
    purpose,
    person,
    grant,
    publication,
    ledger,
    demo,
    bench,
):
    hub.add_command(command)
