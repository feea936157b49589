"""Help and usage errors of our commands in the reader's language, headings and all."""

from collections.abc import Collection

import click

from catalog.messages import Language, text


class LocalCommand(click.Command):
    """A command with its headings in one language."""

    language: Language = "zh"

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage line."""
        pieces = self.collect_usage_pieces(ctx)
        prefix = f"{text('terminal.help.usage', self.language)} "
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=prefix)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options."""
        records = [
            param.get_help_record(ctx)
            for param in self.get_params(ctx)
            if param.param_type_name == "option"
        ]
        with formatter.section(text("terminal.help.options", self.language)):
            formatter.write_dl([record for record in records if record is not None])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = text("terminal.help.help", self.language)
        return option


class LocalGroup(LocalCommand, click.Group):
    """A group with its headings in one language."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, then the commands."""
        super().format_options(ctx, formatter)
        with formatter.section(text("terminal.help.commands", self.language)):
            formatter.write_dl(self.short_helps())

    def short_helps(self) -> list[tuple[str, str]]:
        """Name and help of each command."""
        return [
            (name, command.get_short_help_str(limit=200))
            for name, command in sorted(self.commands.items())
        ]


class Rooms(LocalGroup):
    """A group that loads a command when it is called: all of them together are much to load."""

    names: Collection[str] = ()

    def load(self, name: str) -> click.Command:
        """The command of one of the ``names``."""
        raise NotImplementedError

    def help_of(self, name: str) -> str:
        """Its help, without loading it."""
        raise NotImplementedError

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """All names."""
        return sorted(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one command."""
        return self.load(cmd_name) if cmd_name in self.names else None

    def short_helps(self) -> list[tuple[str, str]]:
        """Names and help, without loading anything."""
        return [(name, self.help_of(name)) for name in sorted(self.names)]


def command_class(language: Language) -> type[LocalCommand]:
    """The class of commands in one language."""
    return type("Command", (LocalCommand,), {"language": language})


def group_class(language: Language) -> type[LocalGroup]:
    """The class of groups in one language, and of the commands and groups made within them."""
    members = {"language": language, "command_class": command_class(language), "group_class": type}
    return type("Group", (LocalGroup,), members)


def wrong_use(error: click.ClickException, name: str, language: Language) -> str:
    """What was wrong with the arguments of the command ``name``, and where to read on."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and context is not None:
        return context.get_help()
    key, what = "other", error.format_message()
    if isinstance(error, click.NoSuchOption):
        key, what = "option", error.option_name
    elif isinstance(error, click.NoSuchCommand):
        key, what = "command", error.command_name
    elif isinstance(error, click.BadParameter) and error.param is not None:
        key = "missing" if isinstance(error, click.MissingParameter) else "value"
        what = error.param.get_error_hint(context) if context else error.param.name or ""
    path = name if context is None else context.command_path
    told = text(f"terminal.usage.{key}", language, name=what)
    return f"{told}\n{text('terminal.usage.hint', language, command=path)}"
