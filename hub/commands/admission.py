"""Departments, connectors, datasets, purposes and publications at the terminal."""

from datetime import datetime
from pathlib import Path

import click

from certs.canonical import Json
from certs.keys import write_secret
from hub.commands.acting import rows_of, signed_in
from hub.commands.showing import show
from hub.commands.speech import Place, group, speak

json_option = click.option("--json", "as_json", is_flag=True, help=speak("hub.json"))


@group(help=speak("hub.department.help"))
def department() -> None:
    """Departments."""


@department.command("add", help=speak("hub.department.add"))
@click.argument("code")
@click.option("--zh", required=True, help=speak("hub.title-zh"))
@click.option("--en", required=True, help=speak("hub.title-en"))
@click.pass_obj
def department_add(place: Place, code: str, zh: str, en: str) -> None:
    """Admit a department."""
    body = {"code": code, "title_zh": zh, "title_en": en}
    signed_in(place).call("POST", "/v1/departments", body)
    click.echo(speak("hub.done"))


@department.command("list", help=speak("hub.department.list"))
@json_option
@click.pass_obj
def department_list(place: Place, *, as_json: bool) -> None:
    """List departments."""
    rows = rows_of(signed_in(place).call("GET", "/v1/departments"), "departments")
    show(rows, ("code", "title_zh", "title_en", "status"), as_json=as_json)


@department.command("status", help=speak("hub.status.help"))
@click.argument("code")
@click.argument("status", type=click.Choice(["active", "suspended"]))
@click.pass_obj
def department_status(place: Place, code: str, status: str) -> None:
    """Suspend or resume a department."""
    signed_in(place).call("PUT", f"/v1/departments/{code}/status", {"status": status})
    click.echo(speak("hub.done"))


@group(help=speak("hub.connector.help"))
def connector() -> None:
    """Connectors."""


@connector.command("invite", help=speak("hub.connector.invite"))
@click.argument("department_code", metavar="DEPARTMENT")
@click.argument("name")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help=speak("hub.connector.out"),
)
@click.pass_obj
def connector_invite(place: Place, department_code: str, name: str, out: Path) -> None:
    """Write an invitation to a file of mode 0600."""
    body = {"department": department_code, "name": name}
    answer = signed_in(place).call("POST", "/v1/invitations", body)
    if isinstance(answer, dict):
        write_secret(out, f"{answer['invitation']}\n".encode("ascii"))
        click.echo(speak("hub.connector.invited", file=str(out)))


@connector.command("list", help=speak("hub.connector.list"))
@json_option
@click.pass_obj
def connector_list(place: Place, *, as_json: bool) -> None:
    """List connectors with their certificates."""
    rows = rows_of(signed_in(place).call("GET", "/v1/connectors"), "connectors")
    show(rows, ("urn", "department", "status", "keyid", "certificate"), as_json=as_json)


@connector.command("status", help=speak("hub.status.help"))
@click.argument("urn")
@click.argument("status", type=click.Choice(["active", "suspended"]))
@click.pass_obj
def connector_status(place: Place, urn: str, status: str) -> None:
    """Suspend or resume a connector."""
    signed_in(place).call("PUT", f"/v1/connectors/{urn}/status", {"status": status})
    click.echo(speak("hub.done"))


@connector.command("revoke", help=speak("hub.connector.revoke"))
@click.argument("keyid")
@click.pass_obj
def connector_revoke(place: Place, keyid: str) -> None:
    """Revoke a certificate and its line."""
    signed_in(place).call("DELETE", f"/v1/certificates/{keyid}")
    click.echo(speak("hub.done"))


@group(help=speak("hub.dataset.help"))
def dataset() -> None:
    """Datasets."""


@dataset.command("register", help=speak("hub.dataset.register"))
@click.argument("department_code", metavar="DEPARTMENT")
@click.argument("definition", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--secrecy", required=True, help=speak("hub.dataset.secrecy"))
@click.option("--privacy", required=True, help=speak("hub.dataset.privacy"))
@click.option("--approval", required=True, help=speak("hub.dataset.approval"))
@click.option(
    "--assessed", required=True, type=click.DateTime(["%Y-%m-%d"]), help=speak("hub.dataset.day")
)
@click.pass_obj
def dataset_register(
    place: Place,
    department_code: str,
    definition: Path,
    secrecy: str,
    privacy: str,
    approval: str,
    assessed: datetime,
) -> None:
    """Take over an entry that was published elsewhere, with what is on record of it."""
    day = assessed.date().isoformat()
    on_record: dict[str, Json] = {
        "secrecy": {"result": "passed", "reference": secrecy, "day": day},
        "privacy": {"result": "passed", "reference": privacy, "day": day},
        "approval": approval,
    }
    body: dict[str, Json] = {
        "department": department_code,
        "definition": definition.read_text(encoding="utf-8"),
        "on_record": on_record,
    }
    signed_in(place).call("POST", "/v1/datasets", body)
    click.echo(speak("hub.done"))


@dataset.command("list", help=speak("hub.dataset.list"))
@json_option
@click.pass_obj
def dataset_list(place: Place, *, as_json: bool) -> None:
    """List datasets and what is live."""
    rows = rows_of(signed_in(place).call("GET", "/v1/datasets"), "datasets")
    columns = ("code", "department", "status", "rows", "generation", "version", "as_of")
    show(rows, columns, as_json=as_json)


@dataset.command("status", help=speak("hub.status.help"))
@click.argument("code")
@click.argument("status", type=click.Choice(["active", "suspended"]))
@click.pass_obj
def dataset_status(place: Place, code: str, status: str) -> None:
    """Suspend or resume a dataset."""
    signed_in(place).call("PUT", f"/v1/datasets/{code}/status", {"status": status})
    click.echo(speak("hub.done"))


@group(help=speak("hub.purpose.help"))
def purpose() -> None:
    """Purposes."""


@purpose.command("list", help=speak("hub.purpose.list"))
@json_option
@click.pass_obj
def purpose_list(place: Place, *, as_json: bool) -> None:
    """List purposes."""
    rows = rows_of(signed_in(place).call("GET", "/v1/purposes"), "purposes")
    show(rows, ("code", "kind", "title_zh", "title_en", "basis", "status"), as_json=as_json)


@purpose.command("add", help=speak("hub.purpose.add"))
@click.argument("code")
@click.option("--kind", type=click.Choice(["service", "statutory_duty"]), required=True)
@click.option("--zh", required=True, help=speak("hub.title-zh"))
@click.option("--en", required=True, help=speak("hub.title-en"))
@click.option("--basis", required=True, help=speak("hub.purpose.basis"))
@click.pass_obj
def purpose_add(place: Place, code: str, kind: str, zh: str, en: str, basis: str) -> None:
    """Register a purpose."""
    body = {"code": code, "kind": kind, "title_zh": zh, "title_en": en, "legal_basis": basis}
    signed_in(place).call("POST", "/v1/purposes", body)
    click.echo(speak("hub.done"))


@purpose.command("status", help=speak("hub.status.help"))
@click.argument("code")
@click.argument("status", type=click.Choice(["active", "ended"]))
@click.pass_obj
def purpose_status(place: Place, code: str, status: str) -> None:
    """End a purpose or take it up again."""
    signed_in(place).call("PUT", f"/v1/purposes/{code}/status", {"status": status})
    click.echo(speak("hub.done"))


@group(help=speak("hub.publication.help"))
def publication() -> None:
    """Publications."""


@publication.command("release", help=speak("hub.publication.release"))
@click.argument("publication_id", metavar="PUBLICATION")
@click.pass_obj
def publication_release(place: Place, publication_id: str) -> None:
    """Release a held publication."""
    signed_in(place).call("POST", f"/v1/publications/{publication_id}/release")
    click.echo(speak("hub.done"))


@publication.command("discard", help=speak("hub.publication.discard"))
@click.argument("publication_id", metavar="PUBLICATION")
@click.pass_obj
def publication_discard(place: Place, publication_id: str) -> None:
    """Discard a held publication."""
    signed_in(place).call("POST", f"/v1/publications/{publication_id}/discard")
    click.echo(speak("hub.done"))
