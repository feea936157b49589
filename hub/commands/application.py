"""``hub application``: reading applications as a signed-in person; the console is for acting."""

from typing import get_args
from urllib.parse import quote

import click

from certs.canonical import Json
from hub.applications.application import Status
from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak

COLUMNS = (
    "id",
    "status",
    "department",
    "dataset",
    "provider",
    "submitted",
    "due",
    "urgency",
    "grant",
)
WHOLE = (
    *COLUMNS,
    "version",
    "items",
    "purposes",
    "operations",
    "channels",
    "basis",
    "scenario",
    "scope",
    "method",
    "valid_until",
    "granted",
    "refused",
)


@group(help=speak("hub.application.help"))
def application() -> None:
    """Applications."""


@application.command("list", help=speak("hub.application.list"))
@click.option("--status", type=click.Choice(get_args(Status)), help=speak("hub.application.status"))
@json_option
@click.pass_obj
def list_applications(place: Place, *, status: str | None, as_json: bool) -> None:
    """List the applications that the person sees, the newest first."""
    rows = rows_of(signed_in(place).call("GET", "/v1/applications"), "applications")
    chosen = [row for row in rows if status in {None, row.get("status")}]
    show(chosen, COLUMNS, as_json=as_json)


@application.command("show", help=speak("hub.application.show"))
@click.argument("application_id", metavar="APPLICATION")
@json_option
@click.pass_obj
def show_application(place: Place, application_id: str, *, as_json: bool) -> None:
    """Show one application with what it states and how it was answered."""
    path = f"/v1/applications/{quote(application_id, safe='')}"
    found = signed_in(place).call("GET", path)
    if isinstance(found, dict):
        show([found if as_json else _flat(found)], WHOLE, as_json=as_json)


def _flat(state: dict[str, Json]) -> dict[str, Json]:
    """The state with its elements and its reply beside each other."""
    elements, reply = state.get("elements"), state.get("reply")
    answered = reply if isinstance(reply, dict) else {}
    stated = elements if isinstance(elements, dict) else {}
    told = {"granted": answered.get("items"), "refused": answered.get("refused")}
    return {**state, **stated, **told}
