"""``hub retention past`` and ``hub retention destroy``: contents whose retention is over."""

import time
from collections.abc import Sequence

import click

from certs.canonical import Json
from hub.commands.acting import Api, rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.retention import PAUSE, retention
from hub.commands.showing import show
from hub.commands.speech import Place, speak
from hub.ledger.destructions import WHATS, in_entries

_COLUMNS = ("id", "department", "of", "retention", "state", "until")
_what = click.argument("what", type=click.Choice(list(WHATS)))


@retention.command("past", help=speak("hub.retention.past"))
@_what
@json_option
@click.option("--destructions", is_flag=True, help=speak("hub.retention.past.destructions"))
@click.pass_obj
def retention_past(place: Place, what: str, *, as_json: bool, destructions: bool) -> None:
    """List contents that are past their retention, or destructions."""
    told = _past(signed_in(place), what)
    if destructions:
        columns = ("entry", "what", "listed", "complete")
        show(rows_of(told, "destructions"), columns, as_json=as_json)
    else:
        show(rows_of(told, "contents"), _COLUMNS, as_json=as_json)


@retention.command("destroy", help=speak("hub.retention.destroy"))
@_what
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--basis", required=True, help=speak("hub.retention.basis"))
@click.option("--dry-run", is_flag=True, help=speak("hub.retention.dry-run"))
@click.option("--yes", is_flag=True, help=speak("hub.retention.yes"))
@click.option("--no-wait", is_flag=True, help=speak("hub.retention.no-wait"))
@click.pass_obj
def retention_destroy(
    place: Place,
    what: str,
    ids: Sequence[str],
    basis: str,
    *,
    dry_run: bool,
    yes: bool,
    no_wait: bool,
) -> None:
    """Show what is to be destroyed, and destroy just that."""
    api = signed_in(place)
    past = rows_of(_past(api, what), "contents")
    rows = [one for one in past if (one["id"] in ids if ids else one["state"] == "due")]
    show(rows, _COLUMNS, as_json=False)
    # What was named and is not shown is refused by the hub, with its reason.
    named = list(ids) or [str(one["id"]) for one in rows]
    click.echo(speak("hub.retention.would", count=len(named)))
    if dry_run or not named:
        return
    if not yes and not click.confirm(speak("hub.retention.destroy.sure", count=len(named))):
        raise click.Abort
    entries = [_destroyed(api, what, some, basis) for some in in_entries(named)]
    click.echo(speak("hub.retention.entered", entries=" ".join(map(str, entries))))
    if no_wait:
        return
    while not _complete(api, what, entries):
        time.sleep(PAUSE)
    click.echo(speak("hub.retention.destroyed"))


def _past(api: Api, what: str) -> Json:
    return api.call("GET", f"/v1/retention/contents?what={what}")


def _destroyed(api: Api, what: str, ids: Sequence[str], basis: str) -> Json:
    body: dict[str, Json] = {"basis": basis, "ids": [*ids], "what": what}
    answer = api.call("POST", "/v1/retention/destructions", body)
    return answer.get("entry") if isinstance(answer, dict) else None


def _complete(api: Api, what: str, entries: Sequence[Json]) -> bool:
    rows = rows_of(_past(api, what), "destructions")
    return all(row["complete"] for row in rows if row["entry"] in entries)
