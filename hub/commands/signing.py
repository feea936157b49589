"""``hub sign-in``, ``hub sign-out`` and ``hub password``."""

from pathlib import Path

import click

from hub.commands.acting import Api, keep_session, signed_in
from hub.commands.speech import Place, command, read_password, speak


@command("sign-in", help=speak("hub.sign-in.help"))
@click.option("--account", required=True, help=speak("hub.sign-in.account"))
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=speak("hub.password-file"),
)
@click.pass_obj
def sign_in(place: Place, account: str, password_file: Path | None) -> None:
    """Begin a session and keep its token in a file of mode 0600."""
    password = read_password(password_file, "hub.password")
    api = Api(place.address, None)
    answer = api.call("POST", "/v1/session", {"account": account, "password": password})
    if isinstance(answer, dict):
        keep_session(place.session, str(answer["token"]))
        click.echo(speak("hub.sign-in.done", account=account, expires=str(answer["expires"])))
        if answer.get("must_change"):
            click.echo(speak("hub.sign-in.initial"), err=True)


@command("sign-out", help=speak("hub.sign-out.help"))
@click.pass_obj
def sign_out(place: Place) -> None:
    """End all of the person's sessions."""
    signed_in(place).call("DELETE", "/v1/session")
    place.session.unlink(missing_ok=True)
    click.echo(speak("hub.sign-out.done"))


@command("password", help=speak("hub.password.help"))
@click.option(
    "--old-password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=speak("hub.password.old-file"),
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=speak("hub.password-file"),
)
@click.pass_obj
def own_password(place: Place, old_password_file: Path | None, password_file: Path | None) -> None:
    """Change one's own password and keep the session that follows."""
    api = signed_in(place)
    old = read_password(old_password_file, "hub.password.old")
    new = read_password(password_file, "hub.password-new", confirm=True)
    answer = api.call("PUT", "/v1/session/password", {"new": new, "old": old})
    if isinstance(answer, dict):
        keep_session(place.session, str(answer["token"]))
        click.echo(speak("hub.password.done"))
