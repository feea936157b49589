"""What states of things are made of: frozen documents, and gaps that are told all at once."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Document(BaseModel):
    """A part of a state."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Gap(Document):
    """One thing that is missing or wrong: where, and what of it."""

    where: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    why: Annotated[str, StringConstraints(min_length=1, max_length=500)]
