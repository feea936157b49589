"""The commands of ``hub``; each changing one acts through the API as a signed-in person."""

import logging
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import click

from catalog.terminal import Rooms, wrong_use
from certs.errors import YifenError
from hub.commands.acting import CallRefused
from hub.commands.speech import LANGUAGE, Place, speak

COMMANDS: Mapping[str, tuple[str, str]] = {
    "application": ("application", "application"),
    "delegation": ("delegation", "delegation"),
    "bench": ("bench", "bench"),
    "catalog": ("catalog", "catalog"),
    "connector": ("admission", "connector"),
    "dataset": ("admission", "dataset"),
    "demo": ("demo", "demo"),
    "department": ("admission", "department"),
    "doctor": ("serving", "doctor"),
    "grant": ("grant", "grant"),
    "hold": ("retention", "hold"),
    "init": ("serving", "init"),
    "key": ("key", "key"),
    "ledger": ("ledger", "ledger"),
    "licence": ("licence", "licence"),
    "migrate": ("serving", "migrate"),
    "objection": ("objection", "objection"),
    "password": ("signing", "own_password"),
    "person": ("person", "person"),
    "publication": ("admission", "publication"),
    "purpose": ("admission", "purpose"),
    "restore": ("restoring", "restore"),
    "retention": ("destroying", "retention"),
    "reuse": ("reuse", "reuse"),
    "rules": ("service", "rules"),
    "serve": ("serving", "serve"),
    "service": ("service", "service"),
    "sign-in": ("signing", "sign_in"),
    "sign-out": ("signing", "sign_out"),
    "stop": ("stop", "stop"),
}
"""Each command's module and name; loaded when it is called, because serving loads so much."""


class _Rooms(Rooms):
    """The commands of ``hub``."""

    language = LANGUAGE
    names = COMMANDS

    def load(self, name: str) -> click.Command:
        """Load one command."""
        module, command = COMMANDS[name]
        found: click.Command = getattr(import_module(f"hub.commands.{module}"), command)
        return found

    def help_of(self, name: str) -> str:
        """Its help."""
        return speak(f"hub.{name}.help")


@click.group(cls=_Rooms, help=speak("hub.help"))
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
