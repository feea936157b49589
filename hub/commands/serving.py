"""``hub init`` and ``hub serve``."""

import sys
from pathlib import Path

import click

from certs.sealing import MasterKey
from hub.clock import system_clock
from hub.commands.key import grouped
from hub.commands.speech import Place, command, read_password, speak
from hub.ops.doctor import examine
from hub.ops.finding import Finding
from hub.ops.init import init as make_hub
from hub.ops.keys import at_stake
from hub.ops.migrate import migrate as migrate_hub
from hub.storage.folder import Folder
from hub.web.serve import serve as serve_hub


@command(help=speak("hub.init.help"))
@click.option("--name", required=True, help=speak("hub.init.name"))
@click.option(
    "--origin", default="http://127.0.0.1:8440", show_default=True, help=speak("hub.init.origin")
)
@click.option("--administrator", default="admin", show_default=True, help=speak("hub.init.admin"))
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=speak("hub.password-file"),
)
@click.pass_obj
def init(
    place: Place, name: str, origin: str, administrator: str, password_file: Path | None
) -> None:
    """Make a new hub in the folder."""
    password = read_password(password_file, "hub.password-new", confirm=True)
    folder = make_hub(
        place.folder,
        name,
        origin,
        system_clock,
        administrator=(administrator, speak("hub.init.person"), password),
    )
    root_key = folder.keys / "root"
    master = folder.keys / "master.key"
    fingerprint = grouped(MasterKey.load(master).fingerprint)
    click.echo(speak("hub.init.done", folder=str(folder.root)))
    click.echo(speak("hub.init.root", path=str(root_key)))
    told = speak("hub.init.copy", path=str(master), id=fingerprint, folder=str(place.folder))
    click.echo(told)


@command(help=speak("hub.migrate.help"))
@click.pass_obj
def migrate(place: Place) -> None:
    """Bring the database of a stopped hub to this release."""
    before, after = migrate_hub(Folder(place.folder), system_clock)
    click.echo(speak("hub.migrate.done", before=before or "-", after=after))


@command(help=speak("hub.doctor.help"))
@click.pass_obj
def doctor(place: Place) -> None:
    """Look at the folder; status 1 if anything is bad."""
    bad = False
    for finding in examine(place.folder):
        bad = bad or finding.verdict == "bad"
        click.echo(f"[{speak(f'hub.doctor.{finding.verdict}')}] " + _told(finding))
    sys.exit(1 if bad else 0)


def _told(finding: Finding) -> str:
    what = speak(f"hub.doctor.what.{finding.what}")
    if finding.error is not None:
        detail = f"problem.{finding.error.code}.detail"
        return f"{what}: {speak(detail, **finding.error.facts)}"
    if finding.verdict == "good":
        return what
    return f"{what}: {speak(f'hub.doctor.do.{finding.what}')}"


@command(help=speak("hub.serve.help"))
@click.option("--listen", help=speak("hub.serve.listen"))
@click.option("--workers", type=click.IntRange(1, 64), help=speak("hub.serve.workers"))
@click.pass_obj
def serve(place: Place, listen: str | None, workers: int | None) -> None:
    """Serve until a signal ends it."""
    stake = at_stake(place.folder)
    if stake is not None:
        id_, records = grouped(stake.id), stake.records
        folder = str(place.folder)
        click.echo(speak("hub.serve.uncopied", id=id_, records=records, folder=folder), err=True)
    serve_hub(place.folder, listen=listen, workers=workers)
