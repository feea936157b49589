"""The commands of ``hub``; each changing one acts through the API as a signed-in person."""

import logging
from collections.abc import Sequence
from pathlib import Path

import click

from catalog.terminal import wrong_use
from certs.errors import YifenError
from hub.commands.acting import CallRefused
from hub.commands.admission import connector, dataset, department, person, publication, purpose
from hub.commands.bench import bench
from hub.commands.demo import demo
from hub.commands.grant import grant
from hub.commands.ledger import ledger
from hub.commands.serving import doctor, init, migrate, serve
from hub.commands.signing import sign_in, sign_out
from hub.commands.speech import LANGUAGE, Place, group, speak


@group(help=speak("hub.help"))
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


for part in (
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
    hub.add_command(part)


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code: 0 done, 1 refused or a problem, 2 wrong use."""
    try:
        code = hub.main(list(arguments), prog_name="hub", standalone_mode=False)
    except CallRefused as error:
        click.echo(error.told(LANGUAGE), err=True)
        return 1
    except YifenError as error:
        click.echo(f"{speak(f'problem.{error.code}.title')}", err=True)
        click.echo(speak(f"problem.{error.code}.detail", **error.facts), err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        click.echo(wrong_use(error, "hub", LANGUAGE), err=True)
        return 2
    return code if isinstance(code, int) else 0
