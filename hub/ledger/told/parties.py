"""Parties, people and keys, and what the log itself opened, beside what their entries say."""

from certs.canonical import Json, canonical
from certs.encoding import digest, rfc3339
from hub.ledger.replay import Replay
from hub.ledger.told.shapes import Row, Rows, State, Stored, Table, each, picked, plain


def _connector(name: str, state: State) -> Row:
    # urn:yifen:connector:<hub>:<department>:<name>
    return name.split(":")[4], state.get("status")


def _stored_certificate(row: Stored) -> Row:
    keyid, der, *rest = row
    if not isinstance(der, bytes) or digest(der) != keyid:
        raise ValueError("certificate")
    return plain((keyid, *rest))


def _person(_name: str, state: State) -> Row:
    roles = state.get("roles")
    held = " ".join(map(str, roles)) if isinstance(roles, list) else None
    plain = (state.get(name) for name in ("status", "sessions_from", "must_change"))
    return state.get("department"), held, *plain


def _stored_person(row: Stored) -> Row:
    *rest, sessions_from, must_change = plain(row)
    if type(sessions_from) is not int or must_change not in {0, 1}:
        raise TypeError("people")
    return *rest, rfc3339(sessions_from), bool(must_change)


def _stored_purpose(row: Stored) -> Row:
    *rest, ended = plain(row)
    if ended is not None and type(ended) is not int:
        raise TypeError("purposes")
    return *rest, None if ended is None else rfc3339(ended)


def _calendar(replay: Replay) -> Rows:
    return {
        name: (state.get("working"), state.get("basis"))
        for (kind, name), state in replay.things.items()
        if kind == "calendar" and state.get("working") is not None
    }


def _keys(replay: Replay) -> Rows:
    names = ("use", "status", "since", "until", "copied", "certificate", "issuing")
    return {
        name: tuple(state.get(member) for member in names)
        for (kind, name), state in replay.things.items()
        # A hub from before the register entered its first receipt key without a name.
        if kind == "key" and "id" in state
    }


def _stored_key(row: Stored) -> Row:
    id_, use, status, *rest = row
    told: list[Json] = []
    for value in rest:
        if isinstance(value, str):
            raise TypeError("signing_keys")
        told.append(digest(value) if isinstance(value, bytes) else value and rfc3339(value))
    return *plain((id_, use, status)), *told


def _origins(replay: Replay) -> Rows:
    first: Rows = {1: (0, 0, None, 1)}
    opened: Rows = {
        int(str(state.get("origin")).rpartition("/")[2]): (
            position,
            time,
            state.get("checkpoint"),
            1,
        )
        for position, time, state in replay.restores
    }
    return first | opened


def _openable(replay: Replay) -> Rows:
    return {f"{department}/{position}": () for department, position in replay.openable}


PARTIES = (
    Table(
        "origin",
        "SELECT number, first, time, note, copied FROM ledger_origins",
        plain,
        _origins,
    ),
    Table("openable", "SELECT department || '/' || position FROM openable", plain, _openable),
    Table(
        "hold",
        "SELECT id, status, state FROM holds",
        plain,
        each("hold", lambda _name, state: (state.get("status"), canonical(state).decode("utf-8"))),
    ),
    Table(
        "key",
        "SELECT id, use, status, since, until, copied, certificate, issuing FROM signing_keys",
        _stored_key,
        _keys,
    ),
    Table(
        "department",
        "SELECT code, title_zh, title_en, status FROM departments",
        plain,
        each("department", picked("title_zh", "title_en", "status")),
    ),
    Table(
        "connector",
        "SELECT urn, department, status FROM connectors",
        plain,
        each("connector", _connector),
    ),
    Table(
        "certificate",
        "SELECT keyid, der, connector, line, not_before, not_after, status FROM certificates",
        _stored_certificate,
        each("certificate", picked("connector", "line", "not_before", "not_after", "status")),
    ),
    Table(
        "person",
        "SELECT account, department, roles, status, sessions_from, must_change FROM people",
        _stored_person,
        each("person", _person),
    ),
    Table(
        "purpose",
        "SELECT code, kind, title_zh, title_en, basis, status, ended FROM purposes",
        _stored_purpose,
        each("purpose", picked("kind", "title_zh", "title_en", "basis", "status", "ended")),
    ),
    Table(
        "calendar",
        "SELECT day, working, basis FROM calendar_days",
        lambda row: (row[0], bool(row[1]), plain(row[2:])[0]),
        _calendar,
    ),
)
