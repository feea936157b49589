"""``hub retention`` and ``hub hold``: what is past its retention, and what is kept nevertheless."""

import re
import time
from collections.abc import Iterator, Sequence

import click

from certs.canonical import Json
from hub.commands.acting import Api, rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak
from hub.ledger.retention import CLASSES

PAUSE = 0.5
"""Seconds between two looks whether an erasure is complete."""
_ENTRIES = re.compile(r"([0-9]{1,15})(?:-([0-9]{1,15}))?\Z", re.ASCII)


@group(help=speak("hub.retention.help"))
def retention() -> None:
    """Retention and erasure."""


@retention.command("list", help=speak("hub.retention.list"))
@json_option
@click.option("--erasures", is_flag=True, help=speak("hub.retention.list.erasures"))
@click.pass_obj
def retention_list(place: Place, *, as_json: bool, erasures: bool) -> None:
    """List months that can still be opened, or erasures."""
    told = signed_in(place).call("GET", "/v1/retention")
    if erasures:
        columns = ("entry", "retention", "month", "listed", "done", "complete")
        show(rows_of(told, "erasures"), columns, as_json=as_json)
    else:
        show(rows_of(told, "months"), ("retention", "month", "state", "until"), as_json=as_json)


@retention.command("erase", help=speak("hub.retention.erase"))
@click.argument("retention_class", metavar="CLASS", type=click.Choice(list(CLASSES)))
@click.argument("month")
@click.option("--basis", required=True, help=speak("hub.retention.basis"))
@click.option("--yes", is_flag=True, help=speak("hub.retention.yes"))
@click.option("--no-wait", is_flag=True, help=speak("hub.retention.no-wait"))
@click.pass_obj
def retention_erase(
    place: Place, retention_class: str, month: str, basis: str, *, yes: bool, no_wait: bool
) -> None:
    """Erase a class and month, and wait until nothing of it is left."""
    sure = speak("hub.retention.sure", retention=retention_class, month=month)
    if not yes and not click.confirm(sure):
        raise click.Abort
    api = signed_in(place)
    body = {"basis": basis, "month": month, "retention": retention_class}
    answer = api.call("POST", "/v1/retention/erasures", body)
    found = answer.get("entries") if isinstance(answer, dict) else None
    entries = found if isinstance(found, list) else []
    click.echo(speak("hub.retention.entered", entries=" ".join(map(str, entries))))
    if no_wait:
        return
    while not _complete(api, entries):
        time.sleep(PAUSE)
    click.echo(speak("hub.retention.complete"))


@group(help=speak("hub.hold.help"))
def hold() -> None:
    """Holds."""


@hold.command("add", help=speak("hub.hold.add"))
@click.argument("entries", nargs=-1, required=True)
@click.option("--basis", required=True, help=speak("hub.hold.basis"))
@click.pass_obj
def hold_add(place: Place, entries: Sequence[str], basis: str) -> None:
    """Hold entries, given as positions and as ranges of them."""
    pairs: list[Json] = list(_pairs(entries))
    answer = signed_in(place).call("POST", "/v1/holds", {"basis": basis, "entries": pairs})
    if isinstance(answer, dict):
        click.echo(speak("hub.hold.added", id=str(answer["id"])))


@hold.command("list", help=speak("hub.hold.list"))
@json_option
@click.pass_obj
def hold_list(place: Place, *, as_json: bool) -> None:
    """List holds."""
    rows = rows_of(signed_in(place).call("GET", "/v1/holds"), "holds")
    show(rows, ("id", "status", "basis", "entries"), as_json=as_json)


@hold.command("release", help=speak("hub.hold.release"))
@click.argument("hold_id", metavar="HOLD")
@click.pass_obj
def hold_release(place: Place, hold_id: str) -> None:
    """End a hold."""
    signed_in(place).call("PUT", f"/v1/holds/{hold_id}/status", {"status": "released"})
    click.echo(speak("hub.done"))


def _complete(api: Api, entries: Sequence[Json]) -> bool:
    rows = rows_of(api.call("GET", "/v1/retention"), "erasures")
    return all(row["complete"] for row in rows if row["entry"] in entries)


def _pairs(entries: Sequence[str]) -> Iterator[Json]:
    for text in entries:
        match = _ENTRIES.match(text)
        if match is None:
            raise click.BadParameter(text, param_hint="ENTRIES")
        first = int(match[1])
        last = int(match[2] or first)
        if last < first:
            raise click.BadParameter(text, param_hint="ENTRIES")
        yield [first, last - first + 1]
