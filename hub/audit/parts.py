"""The parts of a stored entry with their salts, as whoever proves the entry has to show them."""

from dataclasses import dataclass
from typing import cast

import orjson

from certs.canonical import Json
from certs.errors import SealBroken
from certs.leaf import SALT_BYTES
from hub.errors import NotFound
from hub.ledger.persons import PersonKeys
from hub.storage.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Parts:
    """An entry as it lies in the ledger; ``person`` is None once it has been erased."""

    leaf: bytes
    control: dict[str, Json]
    control_salt: bytes
    internal: dict[str, Json]
    internal_salt: bytes
    person: dict[str, Json] | None
    person_salt: bytes

    @property
    def told(self) -> dict[str, Json]:
        """The leaf's members."""
        return _object(self.leaf)


def read_parts(reading: Connection, persons: PersonKeys, position: int) -> Parts:
    """The parts of the entry at ``position``; raises ``NotFound``."""
    row = reading.execute(
        "SELECT leaf, control, salts, internal, person, person_key FROM entries WHERE position = ?",
        (position,),
    ).fetchone()
    if row is None:
        raise NotFound(what="entry")
    leaf, control, salts, internal, sealed, key = row
    salt, person = b"", None
    if sealed is not None:
        try:
            salt, part = persons.open(sealed, key, str(_object(leaf)["person"]))
            person = _object(part)
        except SealBroken:
            pass
    return Parts(
        leaf=leaf,
        control=_object(control),
        control_salt=salts[:SALT_BYTES],
        internal=_object(internal),
        internal_salt=salts[SALT_BYTES:],
        person=person,
        person_salt=salt,
    )


def _object(data: bytes) -> dict[str, Json]:
    return cast("dict[str, Json]", orjson.loads(data))
