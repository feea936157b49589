"""``hub ledger``: verify and export, read-only at the hub's folder; and the verifier itself."""

import sys
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress

from certs.canonical import Json, canonical
from certs.encoding import b64u
from hub.commands.admission import json_option
from hub.commands.speech import Place, group, speak
from hub.ops.export import Export, public_keys
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.create import require_newest
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


@ledger.command(help=speak("hub.ledger.export"))
@click.argument(
    "to",
    metavar=speak("hub.ledger.export.folder"),
    type=click.Path(file_okay=False, path_type=Path),
)
@json_option
@click.pass_obj
def export(place: Place, to: Path, *, as_json: bool) -> None:
    """Write the log as files for auditors."""
    folder = Folder(place.folder)
    settings = load(folder.settings)
    require_newest(folder)
    connection = connect(folder.control)
    connection.execute("PRAGMA query_only=ON")
    keys = public_keys(folder, settings, connection)
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task(speak("hub.ledger.export.writing"), total=None)
        found = Export(connection, keys, to).run(
            lambda done, total: bar.update(task, completed=done, total=total)
        )
    connection.close()
    if as_json:
        told: dict[str, Json] = {"files": found.files, "root": b64u(found.root), "size": found.size}
        click.echo(canonical(told).decode())
    else:
        click.echo(
            speak(
                "hub.ledger.export.done",
                size=found.size,
                files=found.files,
                root=b64u(found.root),
                folder=str(to),
            )
        )


@ledger.command(help=speak("hub.ledger.verifier"))
@click.argument(
    "file", metavar=speak("hub.ledger.verifier.file"), type=click.File("wb"), default="-"
)
def verifier(file: BinaryIO) -> None:
    """Write out the one file that verifies receipts and exports."""
    file.write(files("certs.verifier").joinpath("yifen_verify.py").read_bytes())
