"""``hub key``: the hub's own keys, and a copy of the one above them all."""

from pathlib import Path

import click

from certs.canonical import Json
from hub.clock import system_clock
from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak
from hub.keys.files import FileUse
from hub.ops.keys import at_the_folder

_COLUMNS = ("use", "id", "status", "since", "until", "ends", "copied")
_GROUPED = 4


@group(help=speak("hub.key.help"))
def key() -> None:
    """Keys."""


@key.command("list", help=speak("hub.key.list"))
@json_option
@click.pass_obj
def key_list(place: Place, *, as_json: bool) -> None:
    """List every key that there ever was."""
    show(rows_of(signed_in(place).call("GET", "/v1/keys"), "keys"), _COLUMNS, as_json=as_json)


@key.command("rotate", help=speak("hub.key.rotate"))
@click.argument(
    "use", type=click.Choice(["receipt", "checkpoint", "session", "credential", "master"])
)
@click.option("--now", "at_once", is_flag=True, help=speak("hub.key.now"))
@click.option("--fingerprint", help=speak("hub.key.fingerprint"))
@click.pass_obj
def key_rotate(place: Place, use: str, fingerprint: str | None, *, at_once: bool) -> None:
    """Replace a key while the hub serves."""
    body: dict[str, Json] = {"now": at_once}
    if fingerprint is not None:
        body["fingerprint"] = fingerprint.replace(" ", "").lower()
    answer = signed_in(place).call("POST", f"/v1/keys/{use}/rotation", body)
    if isinstance(answer, dict):
        click.echo(speak("hub.key.rotated", id=str(answer["id"])))
        after = f"hub.key.after-now.{use}" if at_once else f"hub.key.after.{use}"
        click.echo(speak(after))


@key.command("retire", help=speak("hub.key.retire"))
@click.argument("key_id", metavar="ID")
@click.pass_obj
def key_retire(place: Place, key_id: str) -> None:
    """End a key that has been replaced."""
    signed_in(place).call("PUT", f"/v1/keys/{key_id}/status", {"status": "retired"})
    click.echo(speak("hub.done"))


@key.command("new-master", help=speak("hub.key.new-master"))
@click.pass_obj
def key_new_master(place: Place) -> None:
    """Make the master key that is to come, in a file beside the one of now."""
    with at_the_folder(place.folder, system_clock) as folder:
        fingerprint, path = folder.new_master()
    click.echo(speak("hub.key.new-master.done", path=str(path), id=grouped(fingerprint)))
    click.echo(speak("hub.key.new-master.next", id=fingerprint))


@key.command("confirm-copy", help=speak("hub.key.confirm-copy"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def key_confirm_copy(place: Place, file: Path) -> None:
    """Read a copy of the master key back, and compare it."""
    with at_the_folder(place.folder, system_clock) as folder:
        fingerprint = folder.confirm_copy(file)
        master = folder.settings.master_key
    click.echo(speak("hub.key.confirm-copy.done", id=grouped(fingerprint)))
    if file.stat().st_dev == master.parent.stat().st_dev:
        click.echo(speak("hub.key.confirm-copy.same-disk"), err=True)


@key.command("replace", help=speak("hub.key.replace"))
@click.argument("use", type=click.Choice(["receipt", "checkpoint", "session", "credential"]))
@click.pass_obj
def key_replace(place: Place, use: FileUse) -> None:
    """Make a new key in the place of one whose file is lost."""
    with at_the_folder(place.folder, system_clock) as folder:
        rotated = folder.replace(use)
    click.echo(speak("hub.key.rotated", id=rotated.id))


def grouped(fingerprint: str) -> str:
    """A fingerprint in groups of four, as people compare it."""
    starts = range(0, len(fingerprint), _GROUPED)
    return " ".join(fingerprint[start : start + _GROUPED] for start in starts)
