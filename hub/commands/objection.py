"""``hub objection``: how objections stand, as a signed-in person sees them; never what they say."""

from typing import get_args
from urllib.parse import quote

import click

from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak
from hub.objections.objection import Status

COLUMNS = (
    "id",
    "status",
    "department",
    "dataset",
    "provider",
    "raised",
    "due",
    "urgency",
    "notices",
)
WHOLE = (*COLUMNS, "version", "items", "entry", "ended", "publication", "corrected", "told")


@group(help=speak("hub.objection.help"))
def objection() -> None:
    """Objections."""


@objection.command("list", help=speak("hub.objection.list"))
@click.option("--status", type=click.Choice(get_args(Status)), help=speak("hub.objection.status"))
@json_option
@click.pass_obj
def list_objections(place: Place, *, status: str | None, as_json: bool) -> None:
    """List the objections that the person sees, the newest first."""
    query = "" if status is None else f"?status={status}"
    found = signed_in(place).call("GET", f"/v1/objections{query}")
    show(rows_of(found, "objections"), COLUMNS, as_json=as_json)


@objection.command("show", help=speak("hub.objection.show"))
@click.argument("objection_id", metavar="OBJECTION")
@json_option
@click.pass_obj
def show_objection(place: Place, objection_id: str, *, as_json: bool) -> None:
    """Show how one objection stands."""
    found = signed_in(place).call("GET", f"/v1/objections/{quote(objection_id, safe='')}")
    if isinstance(found, dict):
        show([found], WHOLE, as_json=as_json)
