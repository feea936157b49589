"""``connector template``: an empty workbook for a dataset."""

from pathlib import Path

import click

from catalog.terminal import LocalGroup
from connectors.commands.local import Setting, Texts, command_class, pass_setting


def add(group: LocalGroup, texts: Texts) -> None:
    """Add the command to ``group``."""

    @group.command("template", cls=command_class(texts), help=texts("template.help"))
    @click.argument("dataset", metavar=texts("args.dataset"))
    @click.option(
        "--out",
        "-o",
        "file",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help=texts("template.out"),
    )
    @pass_setting
    def _template(setting: Setting, dataset: str, file: Path) -> None:
        # Loaded here: nobody else needs a writer of workbooks.
        from connectors.sources.template import write_template  # noqa: PLC0415 see above

        with setting.open() as connector:
            definition = connector.definition(dataset)
            write_template(file, definition, setting.screen.language, now=connector.clock())
        setting.screen.say("connector.template.written", file=str(file))
        setting.screen.value({"file": str(file)})
