"""What a department asks for when it issues a licence, read strictly; and the licence of it."""

import secrets
import string
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from catalog.errors import LicenceRefused
from catalog.identifiers.licence import build
from catalog.licence_record import IDENTIFIER
from catalog.licences.document import Licence, read
from certs.canonical import Json, canonical
from hub.errors import NotFound
from hub.licences.types import Registered

SERIAL = 16
"""Characters of a serial: 82 bits, so that no identifier leads to the next one."""
_LETTERS = string.digits + string.ascii_uppercase
FIRST_VERSION = "001"
OURS = (IDENTIFIER, "issuer", "issuer_uscc", "name", "type_code")
"""Metadata that the hub writes: nobody issues under another's name."""
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
_Values = Annotated[dict[_Code, Annotated[str, Field(max_length=4000)]], Field(max_length=200)]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
Case = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class HolderKey(BaseModel):
    """The P-256 key that presentations are to be bound to, as a JSON Web Key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kty: Annotated[str, StringConstraints(pattern=r"^EC$")]
    crv: Annotated[str, StringConstraints(pattern=r"^P-256$")]
    x: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    y: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class CredentialOrder(BaseModel):
    """A credential to be made; without a key it is good in anybody's hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holder_key: HolderKey | None = None


class Asked(BaseModel):
    """A licence to be issued: of which type, and what is to stand on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,48}$")]
    """Its code, or the 21 characters of its type code."""
    token: Token
    """128 random bits of the asker's: asked twice under one token, it is issued once."""
    metadata: _Values
    items: _Values
    case: Case | None = None
    credential: CredentialOrder | None = None
    replaces: Annotated[str, StringConstraints(pattern=r"^l-[0-9a-f]{32}$")] | None = None
    """The licence in whose place it is issued 换证."""

    def said(self) -> bytes:
        """What must be the same when it is asked again."""
        value: dict[str, Json] = {
            "items": {**self.items},
            "metadata": {**self.metadata},
            "type": self.type,
        }
        if self.replaces is not None:
            value["replaces"] = self.replaces
        return canonical(value)


def issued(registered: Registered | None, department: str, asked: Asked, today: str) -> Licence:
    """The licence as it is asked for, with an identifier of its own.

    Raises ``NotFound`` if the department issues no such type, ``LicenceRefused`` with every fault:
    those of ``catalog/licences/document.py``, ``set-by-the-hub`` and ``over``.
    """
    issuer = None if registered is None else registered.issuers.get(department)
    if registered is None or not registered.active or issuer is None:
        raise NotFound(what="licence-type")
    kind = registered.kind
    faults = [(f"metadata.{code}", "set-by-the-hub") for code in asked.metadata if code in OURS]
    identifier = build(kind.type_code, issuer.uscc, _serial(), FIRST_VERSION)
    ours: Mapping[str, str] = {
        IDENTIFIER: identifier,
        "issuer": issuer.name,
        "issuer_uscc": issuer.uscc,
        "name": kind.name_zh,
        "type_code": kind.type_code,
    }
    try:
        licence = read(kind, {**asked.metadata, **ours}, asked.items)
    except LicenceRefused as error:
        raise LicenceRefused([*faults, *error.faults]) from error
    ends = licence.metadata["valid_until"]
    if ends and ends < today:
        faults.append(("metadata.valid_until", "over"))
    if faults:
        raise LicenceRefused(faults)
    return licence


def _serial() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(SERIAL))
