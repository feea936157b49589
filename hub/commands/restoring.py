"""``hub restore``: offline, after a backup was put back."""

from pathlib import Path

import click

from certs.encoding import rfc3339
from hub.clock import system_clock
from hub.commands.speech import Place, command, speak
from hub.ledger.origin import Origin, origin_of
from hub.ledger.restore import KnownNote, Survey
from hub.ops.restore import offline

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@command(help=speak("hub.restore.help"))
@click.option(
    "--checkpoint", "files", type=_FILE, multiple=True, help=speak("hub.restore.checkpoint")
)
@click.option("--no-checkpoint", "unknown", is_flag=True, help=speak("hub.restore.no-checkpoint"))
@click.option("--open-new-origin", "opens", is_flag=True, help=speak("hub.restore.open"))
@click.option("--anyway", is_flag=True, help=speak("hub.restore.anyway"))
@click.option("--yes", is_flag=True, help=speak("hub.restore.yes"))
@click.pass_obj
def restore(
    place: Place, files: tuple[Path, ...], *, unknown: bool, opens: bool, anyway: bool, yes: bool
) -> None:
    """Look what a restored database has lost, and open the next origin; status 1 if that is due."""
    with offline(place.folder, system_clock) as hub:
        if hub.pending():
            _done(hub.finish())
            return
        notes = hub.gather(files)
        found = hub.survey(notes, unknown=unknown)
        _tell(found, notes)
        unseen = unknown and found.newest is None
        if not (found.behind or unseen or anyway):
            click.echo(speak("hub.restore.nothing"))
            return
        _tell_lost(found)
        name = origin_of(found.hub, found.opens)
        if not opens:
            click.echo(speak("hub.restore.how", origin=name))
            raise click.exceptions.Exit(1)
        if not yes and click.prompt(speak("hub.restore.type", origin=name)).strip() != name:
            click.echo(speak("hub.restore.not-opened"))
            raise click.exceptions.Exit(1)
        _done(hub.open(found))


def _tell(found: Survey, notes: list[KnownNote]) -> None:
    click.echo(
        speak(
            "hub.restore.kept",
            kept=found.kept,
            origin=found.current.text,
            published=found.published,
            time=rfc3339(found.time),
        )
    )
    for note in notes:
        size, origin = note.checkpoint.size, note.checkpoint.origin
        click.echo(speak("hub.restore.note", file=note.file, origin=origin, size=size))
    agreed = max(found.agreed, default=0)
    click.echo(speak("hub.restore.agreed", agreed=agreed))
    if agreed < found.kept:
        click.echo(speak("hub.restore.not-known", agreed=agreed, last=found.kept - 1))


def _tell_lost(found: Survey) -> None:
    if found.lost_to is None:
        click.echo(speak("hub.restore.lost-unknown", kept=found.kept))
    elif found.lost_to == found.kept:
        click.echo(speak("hub.restore.lost-none", kept=found.kept))
    else:
        click.echo(speak("hub.restore.lost", first=found.kept, last=found.lost_to - 1))
    click.echo(speak("hub.restore.undone", time=rfc3339(found.time)))


def _done(origin: Origin) -> None:
    click.echo(speak("hub.restore.done", first=origin.first, origin=origin.text))
