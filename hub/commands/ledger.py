"""``hub ledger verify``: read-only, at the hub's folder."""

import sys

import click
from rich.console import Console
from rich.progress import Progress

from certs.canonical import Json, canonical
from certs.encoding import b64u
from hub.commands.admission import json_option
from hub.commands.speech import Place, group, speak
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect


@group(help=speak("hub.ledger.help"))
def ledger() -> None:
    """The ledger."""


@ledger.command(help=speak("hub.ledger.verify"))
@json_option
@click.pass_obj
def verify(place: Place, *, as_json: bool) -> None:
    """Derive the whole log again; status 1 if anything does not agree."""
    folder = Folder(place.folder)
    settings = load(folder.settings)
    connection = connect(folder.control)
    connection.execute("PRAGMA query_only=ON")
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task(speak("hub.ledger.verify.reading"), total=None)
        found = verification(folder, settings, connection).run(
            lambda done, total: bar.update(task, completed=done, total=total)
        )
    connection.close()
    if as_json:
        faults: list[Json] = [{"position": f.position, "why": f.why} for f in found.faults]
        click.echo(
            canonical(
                {
                    "answers": found.answers,
                    "changes": found.changes,
                    "checkpoint": {"root": b64u(found.root), "size": found.size},
                    "entries": found.entries,
                    "faults": faults,
                }
            ).decode()
        )
    else:
        for fault in found.faults:
            click.echo(speak("hub.ledger.verify.bad", position=fault.position, why=fault.why))
        if not found.faults:
            click.echo(
                speak(
                    "hub.ledger.verify.good",
                    entries=found.entries,
                    answers=found.answers,
                    changes=found.changes,
                    size=found.size,
                    root=b64u(found.root),
                )
            )
    sys.exit(1 if found.faults else 0)
