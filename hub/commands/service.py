"""Services and rules of evidence at the terminal, as a signed-in person."""

import sys
from pathlib import Path
from urllib.parse import quote

import click

from catalog.services import mapping as mappings
from catalog.services import sheet
from catalog.services.importing import import_services, refusal_words
from catalog.services.mapping import SourceMapping
from catalog.services.writing import to_toml
from certs.canonical import Json
from hub.cases.register import rules_code, service_code
from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import LANGUAGE, Place, group, speak

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
SHOWN = 100
"""Refusals that are written out; the rest is told as a number."""


@group(help=speak("hub.service.help"))
def service() -> None:
    """Services."""


@service.command("add", help=speak("hub.service.add"))
@click.argument("definition", type=_FILE)
@click.pass_obj
def service_add(place: Place, definition: Path) -> None:
    """Register a service, or its next version."""
    data = definition.read_bytes()
    path = f"/v1/services/{quote(service_code(data), safe='')}"
    signed_in(place).call("PUT", path, {"definition": data.decode("utf-8")})
    click.echo(speak("hub.done"))


@service.command("list", help=speak("hub.service.list"))
@json_option
@click.pass_obj
def service_list(place: Place, *, as_json: bool) -> None:
    """List services."""
    rows = rows_of(signed_in(place).call("GET", "/v1/services"), "services")
    columns = ("code", "version", "status", "department", "item_code", "title_zh", "materials")
    show(rows, columns, as_json=as_json)


@service.command("status", help=speak("hub.status.help"))
@click.argument("code")
@click.argument("status", type=click.Choice(["active", "ended"]))
@click.pass_obj
def service_status(place: Place, code: str, status: str) -> None:
    """End a service or take it up again."""
    path = f"/v1/services/{quote(code, safe='')}/status"
    signed_in(place).call("PUT", path, {"status": status})
    click.echo(speak("hub.done"))


@service.command("import", help=speak("hub.service.import"))
@click.argument("file", type=_FILE)
@click.option("--mapping", required=True, help=speak("hub.service.import.mapping"))
@click.option("--sheet", "sheet_name", help=speak("hub.service.import.sheet"))
@click.option(
    "--version", type=click.IntRange(1, 10**9), default=1, help=speak("hub.service.import.version")
)
@click.option("--department", multiple=True, help=speak("hub.service.import.department"))
@click.pass_obj
def service_import(
    place: Place,
    file: Path,
    mapping: str,
    sheet_name: str | None,
    version: int,
    department: tuple[str, ...],
) -> None:
    """Register all services of a list, or none."""
    rows = sheet.rows(file.read_bytes(), sheet=sheet_name)
    found = import_services(rows, _mapping(mapping), version=version)
    for refusal in found.refusals[:SHOWN]:
        click.echo(refusal_words(refusal, LANGUAGE), err=True)
    if found.refusals:
        click.echo(speak("hub.service.import.refused", count=len(found.refusals)), err=True)
        sys.exit(1)
    named = dict(one.split("=", 1) for one in department if "=" in one)
    definitions: list[Json] = [
        to_toml(
            one.model_copy(update={"department": named.get(one.department, one.department)})
        ).decode("utf-8")
        for one in found.services
    ]
    signed_in(place).call("POST", "/v1/services", {"definitions": definitions})
    click.echo(speak("hub.service.import.done", count=len(definitions), rows=found.rows))


@group(help=speak("hub.rules.help"))
def rules() -> None:
    """Rules of evidence."""


@rules.command("add", help=speak("hub.rules.add"))
@click.argument("definition", type=_FILE)
@click.pass_obj
def rules_add(place: Place, definition: Path) -> None:
    """Register a set of rules, or its next version."""
    data = definition.read_bytes()
    path = f"/v1/rule-sets/{quote(rules_code(data), safe='')}"
    signed_in(place).call("PUT", path, {"definition": data.decode("utf-8")})
    click.echo(speak("hub.done"))


@rules.command("list", help=speak("hub.rules.list"))
@json_option
@click.pass_obj
def rules_list(place: Place, *, as_json: bool) -> None:
    """List sets of rules."""
    rows = rows_of(signed_in(place).call("GET", "/v1/rule-sets"), "rule_sets")
    show(rows, ("code", "version", "status", "rules", "definition"), as_json=as_json)


@rules.command("status", help=speak("hub.status.help"))
@click.argument("code")
@click.argument("status", type=click.Choice(["active", "ended"]))
@click.pass_obj
def rules_status(place: Place, code: str, status: str) -> None:
    """End a set of rules or take it up again."""
    path = f"/v1/rule-sets/{quote(code, safe='')}/status"
    signed_in(place).call("PUT", path, {"status": status})
    click.echo(speak("hub.done"))


def _mapping(name: str) -> SourceMapping:
    """A mapping that comes with the product, or one of a file."""
    known = mappings.bundled().get(name)
    return mappings.load(Path(name)) if known is None else known
