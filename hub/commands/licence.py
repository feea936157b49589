"""``hub licence types|register|issuers|status|dataset``: the register of types of licences."""

from pathlib import Path

import click

from catalog.errors import DefinitionRefused
from catalog.licences import dataset as licence_dataset
from catalog.licences.licence_type import bundled, load
from certs.canonical import Json
from hub.commands.acting import rows_of, signed_in
from hub.commands.admission import json_option
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak
from hub.errors import NotFound

_COLUMNS = ("code", "type_code", "code_source", "status", "issuers")


@group(help=speak("hub.licence.help"))
def licence() -> None:
    """Types of licences."""


@licence.command("types", help=speak("hub.licence.types"))
@json_option
@click.pass_obj
def licence_types(place: Place, *, as_json: bool) -> None:
    """List registered types."""
    rows = rows_of(signed_in(place).call("GET", "/v1/licence-types"), "types")
    show(rows, _COLUMNS, as_json=as_json)


@licence.command("register", help=speak("hub.licence.register"))
@click.argument("type_", metavar="CODE|FILE")
@click.option("--issuer", "issuers", multiple=True, required=True, help=speak("hub.licence.issuer"))
@click.pass_obj
def licence_register(place: Place, type_: str, issuers: tuple[str, ...]) -> None:
    """Register a type that comes along, or one from a file."""
    body: dict[str, Json] = {"issuers": _issuers(issuers)}
    if type_ in bundled():
        body["bundled"] = type_
    else:
        body["definition"] = _definition(Path(type_)).decode("utf-8")
    signed_in(place).call("POST", "/v1/licence-types", body)
    click.echo(speak("hub.done"))


@licence.command("issuers", help=speak("hub.licence.issuers"))
@click.argument("code")
@click.option("--issuer", "issuers", multiple=True, required=True, help=speak("hub.licence.issuer"))
@click.pass_obj
def licence_issuers(place: Place, code: str, issuers: tuple[str, ...]) -> None:
    """Say anew who issues a type."""
    body: dict[str, Json] = {"issuers": _issuers(issuers)}
    signed_in(place).call("PUT", f"/v1/licence-types/{code}", body)
    click.echo(speak("hub.done"))


@licence.command("status", help=speak("hub.licence.status"))
@click.argument("code")
@click.argument("status", type=click.Choice(["active", "suspended"]))
@click.pass_obj
def licence_status(place: Place, code: str, status: str) -> None:
    """Suspend a type or open it again."""
    signed_in(place).call("PUT", f"/v1/licence-types/{code}", {"status": status})
    click.echo(speak("hub.done"))


@licence.command("dataset", help=speak("hub.licence.dataset"))
@click.argument("type_", metavar="CODE|FILE")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def licence_dataset_of(type_: str, out: Path) -> None:
    """Write the definition of a type's dataset."""
    kind = bundled().get(type_) or load(_definition(Path(type_)), type_)
    out.write_bytes(licence_dataset.source(kind))
    click.echo(speak("hub.done"))


def _definition(file: Path) -> bytes:
    if not file.is_file():
        raise NotFound(what="licence-type")
    data = file.read_bytes()
    load(data, file.name)
    return data


def _issuers(told: tuple[str, ...]) -> dict[str, Json]:
    """``department=credit code=name`` of each issuer."""
    found: dict[str, Json] = {}
    for one in told:
        parts = one.split("=", 2)
        if len(parts) != 3 or not all(parts):  # noqa: PLR2004 as the help says
            raise DefinitionRefused(file="--issuer", place=one, why="issuer")
        found[parts[0]] = {"name": parts[2], "uscc": parts[1]}
    return found
