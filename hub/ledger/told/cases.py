"""Materials, services, rules and cases beside what their entries say."""

from collections.abc import Callable

import orjson

from certs.canonical import canonical
from certs.encoding import digest, from_rfc3339
from hub.ledger.replay import Replay
from hub.ledger.told.shapes import Row, Rows, State, Stored, Table, each, picked, plain


def _filings(replay: Replay) -> Rows:
    """Of every version of what is said of a material: who says it, and the sealed bytes."""
    found: Rows = {}
    for (kind, name), state in replay.things.items():
        filings = state.get("filings") if kind == "material" else None
        for number, filing in enumerate(filings if isinstance(filings, list) else (), 1):
            if not isinstance(filing, list):
                raise TypeError("filings")
            found[f"{name}/{number}"] = tuple(filing)
    return found


def _stored_material(row: Stored) -> Row:
    *rest, thumbnail, version = row
    if thumbnail not in {0, 1}:
        raise TypeError("materials")
    return *plain(tuple(rest)), bool(thumbnail), *plain((version,))


def _stored_filing(row: Stored) -> Row:
    name, department, sealed = row
    if not isinstance(sealed, bytes):
        raise TypeError("material_filings")
    return plain((name, department, digest(sealed)))


def _registered(*more: str) -> Callable[[str, State], Row]:
    return picked("code", "version", "definition", "status", *more)


def _stored_registered(row: Stored) -> Row:
    code, version, definition, *rest = row
    if not isinstance(definition, bytes) or isinstance(code, bytes):
        raise TypeError("definition")
    if not isinstance(version, int):
        raise TypeError("definition")
    return plain((f"{code}/{version}", code, version, digest(definition), *rest))


def _case(_name: str, state: State) -> Row:
    columns = (state.get(name) for name in ("department", "status", "version", "content"))
    return *columns, canonical(state).decode("utf-8")


def _stored_case(row: Stored) -> Row:
    *rest, sealed, state = row
    if not isinstance(sealed, bytes):
        raise TypeError("cases")
    even = canonical(orjson.loads(str(state))).decode("utf-8")
    return *plain(tuple(rest)), digest(sealed), even


def _commitments(replay: Replay) -> Rows:
    """Of every commitment of every case: kind, status, when it is due and when it was settled."""
    found: Rows = {}
    for (kind, name), state in replay.things.items():
        promised = state.get("commitments") if kind == "case" else None
        for one in promised if isinstance(promised, list) else ():
            if not isinstance(one, dict):
                raise TypeError("commitments")
            settled = one.get("settled")
            found[f"{name}/{one.get('number')}"] = (
                one.get("kind"),
                one.get("status"),
                from_rfc3339(str(one.get("due"))),
                None if settled is None else from_rfc3339(str(settled)),
            )
    return found


CASES = (
    Table(
        "material",
        "SELECT id, dataset, department, digest, media_type, size, status, thumbnail, version"
        " FROM materials",
        _stored_material,
        each(
            "material",
            picked(
                "dataset",
                "department",
                "digest",
                "media_type",
                "size",
                "status",
                "thumbnail",
                "version",
            ),
        ),
    ),
    Table(
        "material-filing",
        "SELECT material || '/' || version, department, sealed FROM material_filings",
        _stored_filing,
        _filings,
    ),
    Table(
        "service",
        "SELECT code, version, definition, status, department FROM services",
        _stored_registered,
        each("service", _registered("department")),
    ),
    Table(
        "rules",
        "SELECT code, version, definition, status FROM rule_sets",
        _stored_registered,
        each("rules", _registered()),
    ),
    Table(
        "case",
        "SELECT id, department, status, version, sealed, state FROM cases",
        _stored_case,
        each("case", _case),
    ),
    Table(
        "commitment",
        "SELECT case_id || '/' || number, kind, status, due, settled FROM commitments",
        plain,
        _commitments,
    ),
)
