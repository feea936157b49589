"""Types of licences as registered: what stands on one, and who may issue it under which name."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from sqlmodel import Session, select

from catalog.identifiers import uscc
from catalog.licences.licence_type import LicenceType, load
from certs.canonical import Json, canonical
from certs.encoding import digest
from hub.access.departments import require_department
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.storage.licences_tables import LicenceTypeRow
from hub.storage.sqlite import Connection

STATUSES = frozenset({"active", "suspended"})
MAX_DEFINITION = 256 * 1024
MAX_ISSUERS = 1000
_LONGEST = 200


class Issuer(NamedTuple):
    """A department as it stands on what it issues: its name and credit code."""

    name: str
    uscc: str


class Registered(NamedTuple):
    """A type, its issuers by department, and whether anything is issued of it now."""

    kind: LicenceType
    issuers: Mapping[str, Issuer]
    active: bool


def register(
    changes: Changes, actor: Actor, definition: bytes, issuers: Mapping[str, Issuer]
) -> int:
    """Register a type by its TOML definition; gives the entry's position.

    Raises ``DefinitionRefused``, ``Unprocessable`` for what nobody here issues or an issuer's
    credit code, ``Conflict`` if the code or the type code is taken.
    """
    if len(definition) > MAX_DEFINITION:
        raise Unprocessable(why="definition-size")
    kind = load(definition, "definition")
    if not kind.issued_here:
        raise Unprocessable(why="licence-type-not-issued-here")
    with changes.change(actor) as change:
        taken = select(LicenceTypeRow).where(
            (LicenceTypeRow.code == kind.code) | (LicenceTypeRow.type_code == kind.type_code)
        )
        if change.session.exec(taken).first() is not None:
            raise Conflict(why="licence-type-exists")
        row = LicenceTypeRow(
            code=kind.code,
            type_code=kind.type_code,
            definition=definition,
            issuers=_written(change.session, issuers),
            status="active",
        )
        return _enter(change, row)


def change_type(
    changes: Changes,
    actor: Actor,
    code: str,
    *,
    status: str | None = None,
    issuers: Mapping[str, Issuer] | None = None,
) -> int:
    """Suspend a type or open it again, or say anew who issues it; what was issued stays.

    Raises ``NotFound`` or ``Unprocessable``.
    """
    if status is not None and status not in STATUSES:
        raise Unprocessable(why="status")
    with changes.change(actor) as change:
        row = change.session.get(LicenceTypeRow, code)
        if row is None:
            raise NotFound(what="licence-type")
        row.status = status or row.status
        if issuers is not None:
            row.issuers = _written(change.session, issuers)
        return _enter(change, row)


def bundled_source(code: str) -> bytes:
    """The definition of a type that comes along; raises ``FileNotFoundError``."""
    return files("catalog.licences.bundled").joinpath(f"{code}.toml").read_bytes()


def find(session: Session, name: str) -> Registered | None:
    """A type by its code, or by the 21 characters of its type code."""
    by_name = (LicenceTypeRow.code == name) | (LicenceTypeRow.type_code == name)
    row = session.exec(select(LicenceTypeRow).where(by_name)).first()
    return None if row is None else read(row.definition, row.issuers, row.status)


def read(definition: bytes, issuers: str, status: str) -> Registered:
    """A type as its row says it."""
    found = {
        department: Issuer(told["name"], told["uscc"])
        for department, told in json.loads(issuers).items()
    }
    return Registered(load(definition, "definition"), found, status == "active")


def listing(connection: Connection) -> list[dict[str, Json]]:
    """All registered types by code."""
    rows = connection.execute(
        "SELECT definition, issuers, status FROM licence_types ORDER BY code"
    ).fetchall()
    return [_shown(read(*row)) for row in rows]


def _shown(one: Registered) -> dict[str, Json]:
    kind = one.kind
    return {
        "code": kind.code,
        "code_source": kind.code_source,
        "holders": [*kind.holders],
        "issuers": {code: {**issuer._asdict()} for code, issuer in one.issuers.items()},
        "items": [*kind.by_code],
        "minimum": [*kind.minimum],
        "name": {"en": kind.name_en, "zh": kind.name_zh},
        "status": "active" if one.active else "suspended",
        "type_code": kind.type_code,
        "validity": kind.validity,
    }


def _written(session: Session, issuers: Mapping[str, Issuer]) -> str:
    """Issuers as they are stored, canonical; raises ``NotFound`` or ``Unprocessable``."""
    if not 0 < len(issuers) <= MAX_ISSUERS:
        raise Unprocessable(why="issuers")
    told: dict[str, Json] = {}
    for department, issuer in issuers.items():
        require_department(session, department)
        checked = uscc.check(issuer.uscc)
        if not checked.acceptable or checked.value != issuer.uscc:
            raise Unprocessable(why="issuer-code")
        if not 0 < len(issuer.name.strip()) <= _LONGEST:
            raise Unprocessable(why="issuer-name")
        told[department] = {"name": issuer.name.strip(), "uscc": issuer.uscc}
    return canonical(told).decode()


def _enter(change: Change, row: LicenceTypeRow) -> int:
    change.session.add(row)
    change.session.flush()
    issuers: Json = json.loads(row.issuers)
    state: dict[str, Json] = {
        "code": row.code,
        "definition": digest(row.definition),
        "issuers": issuers,
        "status": row.status,
        "type_code": row.type_code,
    }
    return change.append("licence-type", state)
