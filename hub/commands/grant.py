"""``hub grant``: issue, change, suspend, resume, revoke, list, as a signed-in administrator."""

from pathlib import Path
from urllib.parse import quote

import click

from certs.canonical import Json, canonical
from certs.encoding import rfc3339
from hub.access.grant import STANDING
from hub.clock import DAY, system_clock
from hub.commands.acting import Api, rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import LANGUAGE, Place, group, speak
from hub.errors import NotFound

COLUMNS = (
    "id",
    "version",
    "status",
    "department",
    "dataset",
    "items",
    "operations",
    "channels",
    "purposes",
    "valid_until",
    "daily_quota",
)


MATRIX = ("department", "dataset", "item", "mask", "grant", "status", "valid_until", "review_at")
USED = (
    "day",
    "purpose",
    "channel",
    "operation",
    "outcome",
    "questions",
    "subjects",
    "repeats",
    "officers",
    "cases",
)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@group(help=speak("hub.grant.help"))
def grant() -> None:
    """Grants."""


@grant.command("issue", help=speak("hub.grant.issue"))
@click.argument("department_code", metavar="DEPARTMENT")
@click.argument("dataset_code", metavar="DATASET")
@click.option("--item", "items", multiple=True, required=True, help=speak("hub.grant.item"))
@click.option(
    "--purpose", "purposes", multiple=True, required=True, help=speak("hub.grant.purpose")
)
@click.option(
    "--operation",
    "operations",
    multiple=True,
    default=("lookup", "verify"),
    type=click.Choice(["lookup", "verify", "view", "feed"]),
    help=speak("hub.grant.operation"),
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    default=("connector",),
    type=click.Choice(["connector", "console"]),
    help=speak("hub.grant.channel"),
)
@click.option("--days", type=click.IntRange(1, 3660), default=365, help=speak("hub.grant.days"))
@click.option("--quota", type=click.IntRange(1), help=speak("hub.grant.quota"))
@click.option("--case-required", is_flag=True, help=speak("hub.grant.case-required"))
@click.option("--existence", is_flag=True, help=speak("hub.grant.existence"))
@click.option("--basis", default="", help=speak("hub.grant.basis"))
@json_option
@click.pass_obj
def issue(
    place: Place,
    department_code: str,
    dataset_code: str,
    items: tuple[str, ...],
    purposes: tuple[str, ...],
    operations: tuple[str, ...],
    channels: tuple[str, ...],
    days: int,
    quota: int | None,
    basis: str,
    *,
    case_required: bool,
    existence: bool,
    as_json: bool,
) -> None:
    """Issue a grant."""
    now = system_clock()
    terms: dict[str, Json] = {
        "basis": basis,
        "case_required": case_required,
        "channels": sorted(channels),
        "daily_quota": quota,
        "dataset": dataset_code,
        "department": department_code,
        "existence": existence,
        "items": items_of(items),
        "operations": sorted(operations),
        "purposes": sorted(purposes),
        "valid_from": rfc3339(now),
        "valid_until": rfc3339(now + days * DAY),
    }
    answer = signed_in(place).call("POST", "/v1/grants", terms)
    if isinstance(answer, dict):
        show([answer], COLUMNS, as_json=as_json)


@grant.command("change", help=speak("hub.grant.change"))
@click.argument("grant_id", metavar="GRANT")
@click.option("--item", "items", multiple=True, help=speak("hub.grant.item"))
@click.option("--purpose", "purposes", multiple=True, help=speak("hub.grant.purpose"))
@click.option("--quota", type=click.IntRange(1), help=speak("hub.grant.quota"))
@click.option("--days", type=click.IntRange(1, 3660), help=speak("hub.grant.days"))
@json_option
@click.pass_obj
def change(
    place: Place,
    grant_id: str,
    items: tuple[str, ...],
    purposes: tuple[str, ...],
    quota: int | None,
    days: int | None,
    *,
    as_json: bool,
) -> None:
    """Give a grant new terms; what is not named stays."""
    api = signed_in(place)
    current = _find(api, grant_id)
    terms = {k: v for k, v in current.items() if k not in STANDING}
    if items:
        terms["items"] = items_of(items)
    if purposes:
        terms["purposes"] = sorted(purposes)
    if quota is not None:
        terms["daily_quota"] = quota
    if days is not None:
        terms["valid_until"] = rfc3339(system_clock() + days * DAY)
    body = {"terms": terms, "version": current["version"]}
    answer = api.call("PUT", f"/v1/grants/{grant_id}", body)
    if isinstance(answer, dict):
        show([answer], COLUMNS, as_json=as_json)


def _status(name: str, status: str) -> None:
    @grant.command(name, help=speak(f"hub.grant.{name}"))
    @click.argument("grant_id", metavar="GRANT")
    @json_option
    @click.pass_obj
    def act(place: Place, grant_id: str, *, as_json: bool) -> None:
        answer = signed_in(place).call("PUT", f"/v1/grants/{grant_id}/status", {"status": status})
        if isinstance(answer, dict):
            show([answer], COLUMNS, as_json=as_json)


_status("suspend", "suspended")
_status("resume", "active")
_status("revoke", "revoked")


@grant.command("list", help=speak("hub.grant.list"))
@json_option
@click.pass_obj
def list_grants(place: Place, *, as_json: bool) -> None:
    """List who sees what."""
    rows = rows_of(signed_in(place).call("GET", "/v1/all-grants"), "grants")
    show(rows, COLUMNS, as_json=as_json)


@grant.command("matrix", help=speak("hub.grant.matrix"))
@click.option("--csv", "csv_file", type=OUT, help=speak("hub.grant.matrix.csv"))
@click.option("--xlsx", "xlsx_file", type=OUT, help=speak("hub.grant.matrix.xlsx"))
@json_option
@click.pass_obj
def matrix(place: Place, csv_file: Path | None, xlsx_file: Path | None, *, as_json: bool) -> None:
    """Who sees what, by grant and item."""
    api = signed_in(place)
    for suffix, file in (("csv", csv_file), ("xlsx", xlsx_file)):
        if file is not None:
            _keep(api, f"/v1/grant-matrix.{suffix}?lang={LANGUAGE}", file)
    if csv_file is None and xlsx_file is None:
        show(rows_of(api.call("GET", "/v1/grant-matrix"), "rows"), MATRIX, as_json=as_json)


@grant.command("usage", help=speak("hub.grant.usage"))
@click.argument("grant_id", metavar="GRANT")
@click.option("--xlsx", "xlsx_file", type=OUT, help=speak("hub.grant.usage.xlsx"))
@json_option
@click.pass_obj
def usage(place: Place, grant_id: str, xlsx_file: Path | None, *, as_json: bool) -> None:
    """How a grant was used."""
    api, path = signed_in(place), f"/v1/grants/{quote(grant_id, safe='')}/usage"
    if xlsx_file is not None:
        _keep(api, f"{path}.xlsx?lang={LANGUAGE}", xlsx_file)
        return
    found = api.call("GET", path)
    if as_json and isinstance(found, dict):
        click.echo(canonical(found).decode())
    else:
        show(rows_of(found, "rows"), USED, as_json=False)


def _keep(api: Api, path: str, file: Path) -> None:
    file.write_bytes(api.download(path))
    click.echo(speak("hub.written", file=str(file)))


def items_of(options: tuple[str, ...]) -> dict[str, Json]:
    """Items and masks from options of the form ``code`` or ``code=mask``."""
    pairs = (option.partition("=") for option in options)
    return {code: mask or "full" for code, _, mask in pairs}


def _find(api: Api, grant_id: str) -> dict[str, Json]:
    for row in rows_of(api.call("GET", "/v1/all-grants"), "grants"):
        if row.get("id") == grant_id:
            return dict(row)
    raise NotFound(what="grant")
