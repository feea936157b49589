"""``hub sign-in`` and ``hub sign-out``."""

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


@command("sign-out", help=speak("hub.sign-out.help"))
@click.pass_obj
def sign_out(place: Place) -> None:
    """End all of the person's sessions."""
    signed_in(place).call("DELETE", "/v1/session")
    place.session.unlink(missing_ok=True)
    click.echo(speak("hub.sign-out.done"))
