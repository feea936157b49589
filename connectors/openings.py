"""What the hub opens of an entry to the connector that it answers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from certs.canonical import Json, canonical
from certs.errors import LeafMismatch
from certs.leaf import Leaf, check_part, read_leaf
from certs.tree import leaf_hash


class Control(BaseModel):
    """The *control* part of an entry (``protocol.md``, *Before the lock*).

    What a later hub adds is bound by the digest and otherwise ignored here.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    request: Annotated[str, Field(alias="R")]
    answer: Annotated[str, Field(alias="a")]
    channel: str
    connector: str | None
    dataset: str | None
    delegation: str | None = None
    """The delegation under which it was asked; no such member where it was under none."""
    department: str
    epoch: int
    grant: str | None
    grant_version: int | None
    outcome: str
    purpose: str | None
    repeats: int | None


class Opening(BaseModel):
    """One entry, opened: its leaf, its *control* with salt, and the salt of *person*."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    control: Control
    control_salt: str
    leaf: dict[str, str | int]
    person_salt: str


class Opened:
    """An opening whose leaf binds its *control*; *person* is still to be checked."""

    __slots__ = ("_opening", "control", "leaf", "leaf_bytes", "leaf_hash")

    def __init__(self, raw: Json) -> None:
        """Read and check one opening; raises ``LeafMismatch``."""
        try:
            self._opening = Opening.model_validate(raw)
        except ValidationError as error:
            raise LeafMismatch(why="opening") from error
        self.control = self._opening.control
        self.leaf_bytes = canonical(self._opening.leaf)
        self.leaf: Leaf = read_leaf(self.leaf_bytes)
        self.leaf_hash = leaf_hash(self.leaf_bytes)
        control = raw["control"] if isinstance(raw, dict) else None
        check_part("control", self.leaf, self._opening.control_salt, control)

    def check_person(self, person: Json) -> None:
        """Raise ``LeafMismatch`` unless the leaf's *person* is ``person``."""
        check_part("person", self.leaf, self._opening.person_salt, person)
