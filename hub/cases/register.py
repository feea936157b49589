"""Services and sets of rules as they are registered: each version stands for ever, one is in force.

Decisions depend on them, so each act moves the epoch: what was decided by rules that have gone is
decided again. What is put is read strictly and held against all that stands, so that at every
moment services, rules and datasets fit together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from sqlmodel import Session, col, select

from catalog.definition import Dataset
from catalog.definition import load as load_dataset
from catalog.errors import RulesRefused
from catalog.evidence import reading as rules_reading
from catalog.evidence.rule import RuleSet
from catalog.services import reading as services_reading
from catalog.services.service import Service
from certs.canonical import Json
from certs.encoding import digest
from hub.access.departments import require_department
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.storage.cases_tables import RuleSetRow, ServiceRow
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow

ACTIVE, ENDED = "active", "ended"
STATUSES = frozenset({ACTIVE, ENDED})
MAX_DEFINITION = 256 * 1024
"""Bytes of one service or set of rules."""
MOST_AT_ONCE = 1000
"""Services of one list."""
_Row = TypeVar("_Row", ServiceRow, RuleSetRow)


def put_services(
    changes: Changes, actor: Actor, definitions: Sequence[bytes], *, of: str | None
) -> list[int]:
    """Register services, each in a version newer than the one before: all of them, or none.

    ``of`` is the implementing department whose services alone may be put; None for all. Gives the
    entries' positions. Raises ``ServiceRefused`` or ``RulesRefused`` with every fault,
    ``Forbidden`` for another department's, ``NotFound`` for an unknown department, ``Conflict``
    for the version.
    """
    if not 0 < len(definitions) <= MOST_AT_ONCE:
        raise Unprocessable(why="services")
    services = [_service(one) for one in definitions]
    if of is not None and any(one.department != of for one in services):
        raise Forbidden(what="manage-services")
    with changes.change(actor) as change:
        session = change.session
        for department in sorted({one.department for one in services}):
            require_department(session, department)
        for service, definition in zip(services, definitions, strict=True):
            before = _newest(_versions_of_service(session, service.code))
            if before is not None:
                _require_newer(before.version, service.version)
                if of is not None and before.department != of:
                    raise Forbidden(what="manage-services")
            session.add(
                ServiceRow(
                    code=service.code,
                    version=service.version,
                    department=service.department,
                    definition=definition,
                    status=ACTIVE,
                )
            )
            session.flush()
        require_together(session)
        return [
            change.append("service", service_state(row))
            for service in services
            for row in [session.get_one(ServiceRow, (service.code, service.version))]
        ]


def put_rules(changes: Changes, actor: Actor, definition: bytes) -> int:
    """Register a version of a set of rules; gives the entry's position.

    Raises ``RulesRefused`` with every fault, ``Conflict`` for the version.
    """
    found = _rules(definition)
    with changes.change(actor) as change:
        before = _newest(_versions_of_rules(change.session, found.code))
        if before is not None:
            _require_newer(before.version, found.version)
        row = RuleSetRow(
            code=found.code, version=found.version, definition=definition, status=ACTIVE
        )
        change.session.add(row)
        change.session.flush()
        require_together(change.session)
        return change.append("rules", rules_state(row))


def set_service_status(
    changes: Changes, actor: Actor, code: str, status: str, *, of: str | None
) -> int:
    """End a service, or take it up again; gives the entry's position.

    Raises ``NotFound``, also for another department's, and ``Conflict`` while rules name it.
    """
    _require_status(status)
    with changes.change(actor) as change:
        row = _newest(_versions_of_service(change.session, code))
        if row is None or (of is not None and row.department != of):
            raise NotFound(what="service")
        _set(change, row, status)
        return change.append("service", service_state(row))


def set_rules_status(changes: Changes, actor: Actor, code: str, status: str) -> int:
    """End a set of rules, or take it up again; gives the entry's position."""
    _require_status(status)
    with changes.change(actor) as change:
        row = _newest(_versions_of_rules(change.session, code))
        if row is None:
            raise NotFound(what="rules")
        _set(change, row, status)
        return change.append("rules", rules_state(row))


def service_code(definition: bytes) -> str:
    """The code of a service by its TOML; raises ``ServiceRefused``."""
    return _service(definition).code


def rules_code(definition: bytes) -> str:
    """The code of a set of rules by its TOML; raises ``RulesRefused``."""
    return _rules(definition).code


def service_state(row: ServiceRow) -> dict[str, Json]:
    """What an entry says of a version of a service."""
    return {
        "code": row.code,
        "definition": digest(row.definition),
        "department": row.department,
        "id": f"{row.code}/{row.version}",
        "status": row.status,
        "version": row.version,
    }


def rules_state(row: RuleSetRow) -> dict[str, Json]:
    """What an entry says of a version of a set of rules."""
    return {
        "code": row.code,
        "definition": digest(row.definition),
        "id": f"{row.code}/{row.version}",
        "status": row.status,
        "version": row.version,
    }


def definition_of_service(connection: Connection, code: str, version: int | None) -> bytes:
    """The TOML of a service, the newest unless a version is named; raises ``NotFound``."""
    return _definition(connection, "services", code, version, "service")


def definition_of_rules(connection: Connection, code: str, version: int | None) -> bytes:
    """The TOML of a set of rules, the newest unless a version is named; raises ``NotFound``."""
    return _definition(connection, "rule_sets", code, version, "rules")


def services_listed(connection: Connection) -> list[dict[str, Json]]:
    """The newest version of every service, by code."""
    rows = connection.execute(
        "SELECT code, version, department, status, definition FROM services s WHERE version ="
        " (SELECT max(version) FROM services WHERE code = s.code) ORDER BY code"
    )
    found: list[dict[str, Json]] = []
    for code, version, department, status, definition in rows:
        service = _service(definition)
        found.append(
            {
                "code": code,
                "department": department,
                "item_code": service.item_code,
                "materials": len(service.materials),
                "status": status,
                "title_en": service.title_en,
                "title_zh": service.title_zh,
                "version": version,
            }
        )
    return found


def rules_listed(connection: Connection) -> list[dict[str, Json]]:
    """The newest version of every set of rules, by code."""
    rows = connection.execute(
        "SELECT code, version, status, definition FROM rule_sets s WHERE version ="
        " (SELECT max(version) FROM rule_sets WHERE code = s.code) ORDER BY code"
    )
    return [
        {
            "code": code,
            "definition": digest(definition),
            "rules": len(_rules(definition).rules),
            "status": status,
            "version": version,
        }
        for code, version, status, definition in rows
    ]


def require_together(session: Session) -> None:
    """Hold all that is in force against each other; raises ``ServiceRefused``, ``RulesRefused``."""
    services = [_service(row.definition) for row in _in_force(session.exec(_SERVICES).all())]
    sets = [_rules(row.definition) for row in _in_force(session.exec(_RULES).all())]
    datasets = {
        row.code: load_dataset(row.definition, row.code)
        for row in session.exec(select(DatasetRow)).all()
    }
    assembled(services, sets, datasets)


def assembled(
    services: Iterable[Service], sets: Iterable[RuleSet], datasets: Mapping[str, Dataset]
) -> None:
    """Raise ``ServiceRefused`` or ``RulesRefused`` unless they fit together."""
    known = services_reading.register(services, datasets)
    rules_reading.assemble(sets, known, datasets)


_SERVICES = select(ServiceRow).order_by(col(ServiceRow.code), col(ServiceRow.version))
_RULES = select(RuleSetRow).order_by(col(RuleSetRow.code), col(RuleSetRow.version))


def _in_force(rows: Sequence[_Row]) -> list[_Row]:
    newest = {row.code: row for row in rows}
    return [row for row in newest.values() if row.status == ACTIVE]


def _versions_of_service(session: Session, code: str) -> Sequence[ServiceRow]:
    return session.exec(_SERVICES.where(ServiceRow.code == code)).all()


def _versions_of_rules(session: Session, code: str) -> Sequence[RuleSetRow]:
    return session.exec(_RULES.where(RuleSetRow.code == code)).all()


def _newest(rows: Sequence[_Row]) -> _Row | None:
    return rows[-1] if rows else None


def _set(change: Change, row: _Row, status: str) -> None:
    if row.status == status:
        raise Conflict(why="status")
    row.status = status
    change.session.add(row)
    change.session.flush()
    try:
        require_together(change.session)
    except RulesRefused as error:
        # What was to end is named by rules, or what was to return no longer fits them.
        raise Conflict(why="rules-name-it") from error


def _require_newer(before: int, version: int) -> None:
    if version <= before:
        raise Conflict(why="version")


def _require_status(status: str) -> None:
    if status not in STATUSES:
        raise Unprocessable(why="status")


def _service(definition: bytes) -> Service:
    _require_size(definition)
    return services_reading.load(definition, "service")


def _rules(definition: bytes) -> RuleSet:
    _require_size(definition)
    return rules_reading.load(definition, "rules")


def _require_size(definition: bytes) -> None:
    if len(definition) > MAX_DEFINITION:
        raise Unprocessable(why="definition-size")


def _definition(
    connection: Connection, table: str, code: str, version: int | None, what: str
) -> bytes:
    row = connection.execute(
        f"SELECT definition FROM {table} WHERE code = ?1 AND (?2 IS NULL OR version = ?2)"  # noqa: S608 no input
        " ORDER BY version DESC LIMIT 1",
        (code, version),
    ).fetchone()
    if row is None:
        raise NotFound(what=what)
    return bytes(row[0])
