"""Forms as they come in: bounded, strict UTF-8, and from a page of this very session."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

from certs.tokens import TokenInvalid
from hub.errors import Forbidden, Unprocessable
from hub.people.sessions import Session
from hub.runtime import Hub
from hub.web.front import read_body
from hub.web.session import require_same_origin

FORM_BYTES = 128 * 1024
"""A grant over 500 items, each with its mask, comes to 30 kB."""
FIELDS = 2000
TOKEN_FIELD = "form"  # noqa: S105 the name of the field
_TYPE = "application/x-www-form-urlencoded"


class FormStale(Forbidden):
    """The form is not of this session: signed in anew meanwhile, or sent by a foreign page."""

    code = "form-stale"


class Form:
    """The fields of a form by name."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """The field's value without blanks at its ends, empty if absent.

        Raises ``Unprocessable`` if it came more than once.
        """
        values = self._fields.get(name, ())
        if len(values) > 1:
            raise Unprocessable(why="form")
        return values[0].strip() if values else ""

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a field, in order."""
        return tuple(self._fields.get(name, ()))

    def beginning(self, prefix: str) -> dict[str, str]:
        """The fields whose names begin with ``prefix``, by the rest of their names."""
        return {
            name.removeprefix(prefix): self.one(name)
            for name in self._fields
            if name.startswith(prefix)
        }

    def text(self, name: str) -> str:
        """What was written into a field of several lines, which end as ours do, not as browsers'.

        Raises ``Unprocessable`` if it came more than once.
        """
        return self.one(name).replace("\r\n", "\n")

    def number(self, name: str) -> int | None:
        """A whole number, None if empty; raises ``Unprocessable`` for anything else."""
        text = self.one(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
            raise Unprocessable(why="number")
        return int(text)


_DIGITS = 15


async def read_form(request: Request, hub: Hub) -> Form:
    """The form of a request from one of our pages; raises ``Forbidden`` or ``Unprocessable``."""
    require_same_origin(request, hub)
    if request.headers.get("content-type", "").partition(";")[0].strip() != _TYPE:
        raise Unprocessable(why="form")
    body = await read_body(request.receive, FORM_BYTES)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS,
        )
    except ValueError as error:
        raise Unprocessable(why="form") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return Form(fields)


def check_form(form: Form, session: Session, hub: Hub) -> None:
    """Raise ``FormStale`` unless the form carries the secret of its session."""
    try:
        hub.sessions.check_form_token(session, form.one(TOKEN_FIELD))
    except TokenInvalid as error:
        raise FormStale from error
