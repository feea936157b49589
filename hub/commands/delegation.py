"""``hub delegation``: reading delegations as a signed-in person; the console is for acting."""

from typing import get_args
from urllib.parse import quote

import click

from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak
from hub.delegation.delegation import Status

COLUMNS = (
    *("id", "status", "stands", "department", "to", "services", "valid_from", "valid_until"),
    *("daily_cap", "used_today"),
)
WHOLE = (
    *COLUMNS,
    *("version", "purposes", "datasets", "items", "channels", "basis"),
    *("created", "signed", "accepted", "revoked", "ended"),
)


@group(help=speak("hub.delegation.help"))
def delegation() -> None:
    """Delegations."""


@delegation.command("list", help=speak("hub.delegation.list"))
@click.option("--status", type=click.Choice(get_args(Status)), help=speak("hub.delegation.status"))
@json_option
@click.pass_obj
def list_delegations(place: Place, *, status: str | None, as_json: bool) -> None:
    """List the delegations that the person sees, the newest first."""
    rows = rows_of(signed_in(place).call("GET", "/v1/delegations"), "delegations")
    show([row for row in rows if status in {None, row.get("status")}], COLUMNS, as_json=as_json)


@delegation.command("show", help=speak("hub.delegation.show"))
@click.argument("delegation_id", metavar="DELEGATION")
@json_option
@click.pass_obj
def show_delegation(place: Place, delegation_id: str, *, as_json: bool) -> None:
    """Show one delegation with all that it states."""
    path = f"/v1/delegations/{quote(delegation_id, safe='')}"
    found = signed_in(place).call("GET", path)
    if isinstance(found, dict):
        show([found], WHOLE, as_json=as_json)
