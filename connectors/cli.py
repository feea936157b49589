"""``connector``: the department's command line.

Exit codes: 0 done, 1 refused or a problem, 2 wrong use, 3 an answer that does not prove itself,
or another alarm. Tracebacks are for us: nobody at a counter sees one.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from catalog.messages import LANGUAGES, Language
from catalog.terminal import Rooms, wrong_use
from certs.errors import YifenError
from connectors.commands.local import Setting, Texts, group_class
from connectors.home import ENVIRONMENT, default_path
from connectors.screen import EXIT_REFUSED, Screen

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
LANGUAGE_ENVIRONMENT = ("YIFEN_LANG", "LC_ALL", "LANG")
COMMANDS: Mapping[str, str] = {
    "alarms": "alarms",
    "batch": "batches",
    "case": "cases",
    "doctor": "doctor",
    "dossier": "dossier",
    "enrol": "enrolling",
    "grants": "enrolling",
    "key": "gateway",
    "ledger": "ledger",
    "licence": "licences",
    "lookup": "questions",
    "mark": "questions",
    "material": "materials",
    "objections": "objections",
    "publish": "publishing",
    "quality": "quality",
    "receipts": "receipts",
    "renew": "enrolling",
    "serve": "gateway",
    "status": "enrolling",
    "subscribe": "subscribe",
    "template": "templates",
    "verify": "questions",
    "witness": "witness",
}
"""In which module of ``connectors.commands`` each command is made."""


class _Rooms(Rooms):
    """The commands of ``connector``."""

    names = COMMANDS
    texts: Texts

    def load(self, name: str) -> click.Command:
        """Make one command; its neighbours of the same module are made and left."""
        made = group_class(self.texts)("connector")
        import_module(f"connectors.commands.{COMMANDS[name]}").add(made, self.texts)
        return made.commands[name]

    def help_of(self, name: str) -> str:
        """Its help."""
        return self.texts(f"{name}.help")


def build(language: Language) -> click.Group:
    """The command line with its help in ``language``."""
    texts = Texts(language)

    kind = type("Group", (_Rooms,), {"language": language, "texts": texts})

    @click.group("connector", cls=kind, help=texts("help"))
    @click.option(
        "--home", type=click.Path(file_okay=False, path_type=Path), help=texts("args.home")
    )
    @click.option("--json", "as_json", is_flag=True, help=texts("args.json"))
    @click.option("--lang", type=click.Choice(LANGUAGES), help=texts("args.lang"))
    @click.pass_context
    def group(
        context: click.Context, home: Path | None, lang: Language | None, *, as_json: bool
    ) -> None:
        chosen = home or Path(os.environ.get(ENVIRONMENT) or default_path())
        context.obj = Setting(chosen, Screen(lang or language, as_json=as_json))

    return group


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    language = language_of(arguments, os.environ)
    screen = Screen(language, as_json="--json" in arguments)
    try:
        code = build(language).main(list(arguments), prog_name="connector", standalone_mode=False)
    except YifenError as error:
        return screen.failure(error)
    except (click.Abort, KeyboardInterrupt):
        screen.note("connector.interrupted")
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        click.echo(wrong_use(error, "connector", language), err=True)
        return EXIT_USAGE
    except Exception as error:  # noqa: BLE001 whatever it is, it is ours and not the reader's
        screen.note("connector.internal.title", kind=type(error).__name__)
        return EXIT_REFUSED
    return code if isinstance(code, int) else 0


def language_of(
    arguments: Sequence[str], environment: "os._Environ[str] | dict[str, str]"
) -> Language:
    """``--lang`` if given, which must be known before help is written; else the environment's."""
    for position, argument in enumerate(arguments):
        given = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and position + 1 < len(arguments):
            given = arguments[position + 1]
        if given == "en":
            return "en"
        if given is not None:
            return "zh"
    for name in LANGUAGE_ENVIRONMENT:
        value = environment.get(name, "")
        if value:
            return "en" if value.lower().startswith("en") else "zh"
    return "zh"


def main() -> NoReturn:
    """The command ``connector``."""
    sys.exit(run(sys.argv[1:]))
