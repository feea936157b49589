"""``hub stop``: stop a dataset, a department or a connector in one act, and lift it again."""

from urllib.parse import quote

import click

from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak

COLUMNS = ("id", "status", "what", "code", "department", "by", "reason", "since", "stopped")
WHATS = ("dataset", "department", "connector")

reason_option = click.option("--reason", required=True, help=speak("hub.stop.reason"))


@group(help=speak("hub.stop.help"))
def stop() -> None:
    """Emergency stops."""


def _of(what: str) -> None:
    @stop.command(what, help=speak(f"hub.stop.{what}"))
    @click.argument("code", metavar="URN" if what == "connector" else "CODE")
    @reason_option
    @json_option
    @click.pass_obj
    def act(place: Place, code: str, reason: str, *, as_json: bool) -> None:
        body = {"code": code, "reason": reason, "what": what}
        made = signed_in(place).call("POST", "/v1/stops", body)
        if isinstance(made, dict):
            show([made], COLUMNS, as_json=as_json)


for _what in WHATS:
    _of(_what)


@stop.command("lift", help=speak("hub.stop.lift"))
@click.argument("stop_id", metavar="STOP")
@reason_option
@json_option
@click.pass_obj
def lift(place: Place, stop_id: str, reason: str, *, as_json: bool) -> None:
    """Lift a stop."""
    path = f"/v1/stops/{quote(stop_id, safe='')}/lift"
    made = signed_in(place).call("POST", path, {"reason": reason})
    if isinstance(made, dict):
        show([made], COLUMNS, as_json=as_json)


@stop.command("list", help=speak("hub.stop.list"))
@click.option("--all", "every", is_flag=True, help=speak("hub.stop.list.all"))
@json_option
@click.pass_obj
def list_stops(place: Place, *, every: bool, as_json: bool) -> None:
    """List stops."""
    found = signed_in(place).call("GET", "/v1/stops?all=yes" if every else "/v1/stops")
    show(rows_of(found, "stops"), COLUMNS, as_json=as_json)
