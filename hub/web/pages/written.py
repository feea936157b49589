"""What people write into forms, as the models of the rooms take it; faults in words."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from hub.access.reason import Reason, Statement
from hub.errors import Unprocessable
from hub.web.pages.form import Form

Model = TypeVar("Model", bound=BaseModel)
_REASON: TypeAdapter[str] = TypeAdapter(Reason)
_STATEMENT: TypeAdapter[str] = TypeAdapter(Statement)
NUMBER = "number-of-a-person"


def reason(form: Form, name: str = "reason") -> str:
    """A reason; raises ``Unprocessable``."""
    return _read(_REASON, form.text(name), name)


def statement(form: Form, name: str) -> str:
    """A longer account; raises ``Unprocessable``."""
    return _read(_STATEMENT, form.text(name), name)


def model(kind: type[Model], members: Mapping[str, object]) -> Model:
    """All of a form as a model; raises ``Unprocessable`` with the first member that is wrong."""
    try:
        return kind.model_validate(members)
    except ValidationError as error:
        raise _told(error, "") from error


def _read(adapter: TypeAdapter[str], text: str, name: str) -> str:
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        raise _told(error, name) from error


def _told(error: ValidationError, name: str) -> Unprocessable:
    first = error.errors()[0]
    if NUMBER in str(first["msg"]):
        return Unprocessable(why=NUMBER)
    place = ".".join(str(part) for part in first["loc"]) or name
    return Unprocessable(why=f"field-{place[:64]}")
