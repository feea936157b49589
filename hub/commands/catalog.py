"""``hub catalog``: the whole catalogue as files, there and back, as a signed-in person."""

from collections.abc import Mapping
from pathlib import Path

import click

from certs.canonical import Json
from hub.catalogue.bringing import Step, do, export, steps
from hub.catalogue.workbook import read_workbook, write_workbook
from hub.commands.acting import CallRefused, signed_in
from hub.commands.speech import LANGUAGE, Place, group, speak
from hub.errors import Unprocessable

WORKBOOK = ".xlsx"


@group(help=speak("hub.catalog.help"))
def catalog() -> None:
    """The catalogue as files."""


@catalog.command("export", help=speak("hub.catalog.export"))
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_obj
def export_all(place: Place, target: Path) -> None:
    """Write every entry that the person sees."""
    files = dict(export(signed_in(place)))
    if target.suffix == WORKBOOK:
        write_workbook(target, files)
    else:
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob("*.toml"):
            if old.name not in files:
                old.unlink()
        for name, data in files.items():
            (target / name).write_bytes(data)
    click.echo(speak("hub.catalog.exported", count=len(files)))


@catalog.command("diff", help=speak("hub.catalog.diff"))
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.pass_obj
def diff(place: Place, source: Path) -> None:
    """Tell what would change."""
    found = False
    for step in steps(signed_in(place), _files(source)):
        found = True
        _tell(step)
    if not found:
        click.echo(speak("hub.catalog.same"))


@catalog.command("apply", help=speak("hub.catalog.apply"))
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.pass_context
def apply(ctx: click.Context, source: Path) -> None:
    """Draft or take over what differs; each is told, and what is refused too."""
    api = signed_in(ctx.obj)
    found = refused = False
    # All is compared before anything is done: a file that cannot be read stops everything.
    for step in list(steps(api, _files(source))):
        found = True
        try:
            do(api, step)
        except CallRefused as error:
            refused = True
            click.echo(f"{step.file.code}: {error.told(LANGUAGE)}", err=True)
        else:
            _tell(step)
    if not found:
        click.echo(speak("hub.catalog.same"))
    if refused:
        ctx.exit(1)


def _files(source: Path) -> Mapping[str, bytes]:
    if source.suffix == WORKBOOK:
        return read_workbook(source)
    found = {path.name: path.read_bytes() for path in source.glob("*.toml")}
    if not found:
        raise Unprocessable(why="no-files")
    return found


def _tell(step: Step) -> None:
    click.echo(f"{step.file.code}: {speak(f'hub.catalog.what.{step.what}')}")
    for one in step.differences:
        sign = {"added": "+", "removed": "-", "moved": ">"}.get(one.kind, "~")
        sides = [_short(side) for side in (one.before, one.after) if side is not None]
        told = "" if one.kind in {"added", "removed"} and len(one.place.split(".")) > 1 else sides
        click.echo(f"  {sign} {one.place}{'  ' if told else ''}{' → '.join(told)}")


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 a line at a terminal
