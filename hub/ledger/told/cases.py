"""Materials, services, rules and cases beside what their entries say."""

from collections.abc import Callable

import orjson

from certs.canonical import canonical
from certs.encoding import digest, from_rfc3339
from hub.ledger.destructions import DESTROYED
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
            department, content = filing
            gone = (kind, name) in replay.destroyed
            found[f"{name}/{number}"] = (department, None if gone else content)
    return found


def _materials(replay: Replay) -> Rows:
    """Every material; of one that was destroyed the key is gone, and its status says so."""
    members = ("dataset", "department", "digest", "media_type", "size", "thumbnail", "version")
    found: Rows = {}
    for (kind, name), state in replay.things.items():
        if kind == "material":
            gone = (kind, name) in replay.destroyed
            status = DESTROYED if gone else state.get("status")
            told = replay.told[kind, name]
            found[name] = (*(state.get(member) for member in members), status, gone, told)
    return found


def _stored_material(row: Stored) -> Row:
    *rest, thumbnail, version, status, keyless, changed = row
    if thumbnail not in {0, 1}:
        raise TypeError("materials")
    seen = *plain((version, status)), bool(keyless), *plain((changed,))
    return *plain(tuple(rest)), bool(thumbnail), *seen


def _stored_filing(row: Stored) -> Row:
    name, department, sealed = row
    if not isinstance(sealed, bytes):
        raise TypeError("material_filings")
    return *plain((name, department)), digest(sealed) if sealed else None


def _registered(*more: str) -> Callable[[str, State], Row]:
    return picked("code", "version", "definition", "status", *more)


def _stored_registered(row: Stored) -> Row:
    code, version, definition, *rest = row
    if not isinstance(definition, bytes) or isinstance(code, bytes):
        raise TypeError("definition")
    if not isinstance(version, int):
        raise TypeError("definition")
    return plain((f"{code}/{version}", code, version, digest(definition), *rest))


def _cases(replay: Replay) -> Rows:
    """Every case; of one whose content was destroyed key and content are gone, the state stays."""
    found: Rows = {}
    for (kind, name), state in replay.things.items():
        if kind == "case":
            gone = (kind, name) in replay.destroyed
            content = None if gone else state.get("content")
            columns = (state.get(member) for member in ("department", "status", "version"))
            found[name] = (*columns, gone, content, canonical(state).decode("utf-8"))
    return found


def _stored_case(row: Stored) -> Row:
    *rest, keyless, sealed, state = row
    if not isinstance(sealed, bytes):
        raise TypeError("cases")
    even = canonical(orjson.loads(str(state))).decode("utf-8")
    return *plain(tuple(rest)), bool(keyless), digest(sealed) if sealed else None, even


def _turns(replay: Replay) -> Rows:
    """Whose open cases each case is among: who handles it, and who implements a service of it."""
    found: Rows = {}
    for (kind, name), state in replay.things.items():
        services = state.get("services") if kind == "case" else None
        for one in services if isinstance(services, list) else ():
            if not isinstance(one, dict):
                raise TypeError("services")
            for department in (state.get("department"), one.get("department")):
                status = "open" if state.get("status") == "open" else "ended"
                found[f"{department}/{name}"] = (status,)
    return found


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
        "SELECT id, dataset, department, digest, media_type, size, thumbnail, version, status,"
        " length(key) = 0, changed FROM materials",
        _stored_material,
        _materials,
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
        "SELECT id, department, status, version, length(key) = 0, sealed, state FROM cases",
        _stored_case,
        _cases,
    ),
    Table(
        "case-turn",
        "SELECT department || '/' || case_id, status FROM case_turns WHERE status <> 'left'",
        plain,
        _turns,
    ),
    Table(
        "commitment",
        "SELECT case_id || '/' || number, kind, status, due, settled FROM commitments",
        plain,
        _commitments,
    ),
)
