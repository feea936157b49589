"""People at the terminal: enrol, list, suspend, give roles and passwords, end sessions."""

from pathlib import Path

import click

from hub.commands.acting import rows_of, signed_in
from hub.commands.showing import show
from hub.commands.speech import Place, group, read_password, speak
from hub.people.permissions import ROLES

_roles = click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(list(ROLES))
)
_password_file = click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=speak("hub.password-file"),
)


@group(help=speak("hub.person.help"))
def person() -> None:
    """People."""


@person.command("add", help=speak("hub.person.add"))
@click.argument("account")
@click.option("--name", required=True, help=speak("hub.person.name"))
@click.option("--department", "department_code", help=speak("hub.person.department"))
@_roles
@_password_file
@click.pass_obj
def person_add(
    place: Place,
    account: str,
    name: str,
    department_code: str | None,
    roles: tuple[str, ...],
    password_file: Path | None,
) -> None:
    """Enrol a person."""
    password = read_password(password_file, "hub.password-new", confirm=True)
    body = {
        "account": account,
        "department": department_code,
        "name": name,
        "password": password,
        "roles": sorted(set(roles)),
    }
    signed_in(place).call("POST", "/v1/people", body)
    click.echo(speak("hub.person.handed", account=account))


@person.command("list", help=speak("hub.person.list"))
@click.option("--json", "as_json", is_flag=True, help=speak("hub.json"))
@click.pass_obj
def person_list(place: Place, *, as_json: bool) -> None:
    """List people."""
    rows = rows_of(signed_in(place).call("GET", "/v1/people"), "people")
    show(rows, ("account", "name", "department", "roles", "status"), as_json=as_json)


@person.command("status", help=speak("hub.status.help"))
@click.argument("account")
@click.argument("status", type=click.Choice(["active", "suspended"]))
@click.pass_obj
def person_status(place: Place, account: str, status: str) -> None:
    """Suspend or restore a person."""
    signed_in(place).call("PUT", f"/v1/people/{account}/status", {"status": status})
    click.echo(speak("hub.done"))


@person.command("roles", help=speak("hub.person.roles"))
@click.argument("account")
@_roles
@click.pass_obj
def person_roles(place: Place, account: str, roles: tuple[str, ...]) -> None:
    """Give a person these roles and no other."""
    body = {"roles": sorted(set(roles))}
    signed_in(place).call("PUT", f"/v1/people/{account}/roles", body)
    click.echo(speak("hub.done"))


@person.command("password", help=speak("hub.person.password"))
@click.argument("account")
@_password_file
@click.pass_obj
def person_password(place: Place, account: str, password_file: Path | None) -> None:
    """Give somebody a password to be changed."""
    body = {"password": read_password(password_file, "hub.password-new", confirm=True)}
    signed_in(place).call("POST", f"/v1/people/{account}/password", body)
    click.echo(speak("hub.person.handed", account=account))


@person.command("end-sessions", help=speak("hub.person.end-sessions"))
@click.argument("account")
@click.pass_obj
def person_end_sessions(place: Place, account: str) -> None:
    """End all sessions of a person."""
    signed_in(place).call("DELETE", f"/v1/people/{account}/sessions")
    click.echo(speak("hub.done"))
