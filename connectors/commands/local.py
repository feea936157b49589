"""Commands whose help speaks the reader's language, headings and all."""

from pathlib import Path

import click

from catalog.messages import Language, text
from connectors.client import Connector
from connectors.screen import Screen


class Texts:
    """The texts of one language, for help."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str) -> str:
        """The text of ``connector.<key>``."""
        return text(f"connector.{key}", self.language)


class LocalCommand(click.Command):
    """A command with its headings in one language."""

    texts: Texts

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage line."""
        pieces = self.collect_usage_pieces(ctx)
        prefix = f"{self.texts('help.usage')} "
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=prefix)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options."""
        records = [
            param.get_help_record(ctx)
            for param in self.get_params(ctx)
            if param.param_type_name == "option"
        ]
        with formatter.section(self.texts("help.options")):
            formatter.write_dl([record for record in records if record is not None])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = self.texts("help.help")
        return option


class LocalGroup(LocalCommand, click.Group):
    """A group with its headings in one language."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, then the commands."""
        super().format_options(ctx, formatter)
        rows = [
            (name, command.get_short_help_str(limit=200))
            for name, command in sorted(self.commands.items())
        ]
        with formatter.section(self.texts("help.commands")):
            formatter.write_dl(rows)


class Setting:
    """What the global options say."""

    def __init__(self, home: Path, screen: Screen) -> None:
        self.home = home
        self.screen = screen

    def open(self) -> Connector:
        """The enrolled connector."""
        return Connector.open(self.home)


pass_setting = click.make_pass_decorator(Setting)


def command_class(texts: Texts) -> type[LocalCommand]:
    """The class of commands in one language."""
    return type("Command", (LocalCommand,), {"texts": texts})


def group_class(texts: Texts) -> type[LocalGroup]:
    """The class of groups in one language."""
    return type("Group", (LocalGroup,), {"texts": texts})
