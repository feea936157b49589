"""The control plane's tables beside what the entries say they must hold, row by row.

Every entry of a change holds the whole new state (``protocol.md``, *Log outside*), so each table
is derived again in full. Names and password hashes of people are in no entry and cannot be
compared.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from certs.canonical import Json, canonical
from certs.encoding import b64u, digest, from_rfc3339, rfc3339
from certs.errors import Malformed
from hub.ledger.licences_told import LICENCE_TABLES
from hub.ledger.replay import Replay
from hub.storage.sqlite import Connection

_State: TypeAlias = Mapping[str, Json]
_Row: TypeAlias = "tuple[Json, ...]"
_Rows: TypeAlias = "dict[Json, _Row]"
_Stored: TypeAlias = "tuple[str | int | bytes | None, ...]"


@dataclass(frozen=True, slots=True)
class _Table:
    """One kind of thing: its rows as stored, and as its states give them; both by name."""

    kind: str
    query: str
    stored: Callable[[_Stored], _Row]
    derived: Callable[[Replay], _Rows]


def compare_tables(connection: Connection, replay: Replay) -> Iterator[str]:
    """The table of each kind whose rows are not those that the entries give."""
    for table in _TABLES:
        try:
            stored = {
                row[0]: row[1:]
                for row in map(table.stored, connection.execute(table.query).fetchall())
            }
            agrees = stored == table.derived(replay)
        except (Malformed, ValueError, TypeError, AttributeError, IndexError):
            agrees = False  # a value that nothing of ours can have written
        if not agrees:
            yield f"table-{table.kind}"


def live_generations(replay: Replay) -> list[tuple[str, int, str]]:
    """Of every dataset, generation and version that are live, and the digest of their rows."""
    return [
        (str(state.get("generation")), version, str(state.get("digest")))
        for state in replay.live.values()
        if isinstance(version := state.get("version"), int)
    ]


def _each(kind: str, row_of: Callable[[str, _State], _Row]) -> Callable[[Replay], _Rows]:
    def derived(replay: Replay) -> _Rows:
        return {
            name: row_of(name, state)
            for (of_kind, name), state in replay.things.items()
            if of_kind == kind
        }

    return derived


def _members(*names: str) -> Callable[[str, _State], _Row]:
    return lambda _name, state: tuple(state.get(name) for name in names)


def _plain(row: _Stored) -> _Row:
    return tuple(value for value in row if not isinstance(value, bytes))


def _connector(name: str, state: _State) -> _Row:
    # urn:yifen:connector:<hub>:<department>:<name>
    return name.split(":")[4], state.get("status")


def _stored_certificate(row: _Stored) -> _Row:
    keyid, der, *rest = row
    if not isinstance(der, bytes) or digest(der) != keyid:
        raise ValueError("certificate")
    return _plain((keyid, *rest))


def _person(_name: str, state: _State) -> _Row:
    roles = state.get("roles")
    held = " ".join(map(str, roles)) if isinstance(roles, list) else None
    plain = (state.get(name) for name in ("status", "sessions_from", "must_change"))
    return state.get("department"), held, *plain


def _stored_person(row: _Stored) -> _Row:
    *rest, sessions_from, must_change = _plain(row)
    if type(sessions_from) is not int or must_change not in {0, 1}:
        raise TypeError("people")
    return *rest, rfc3339(sessions_from), bool(must_change)


def _stored_dataset(row: _Stored) -> _Row:
    code, definition, *rest = row
    if not isinstance(definition, bytes):
        raise TypeError("datasets")
    return _plain((code, digest(definition), *rest))


def _datasets(replay: Replay) -> _Rows:
    live = _live(replay)
    return {
        name: (
            *(state.get(member) for member in ("definition", "department", "status")),
            *(live[name][:4] if name in live else (None, 0, 0, 0)),
        )
        for (kind, name), state in replay.things.items()
        if kind == "dataset"
    }


def _generations(replay: Replay) -> _Rows:
    sealed = {name: state.get("definition") for name, state in replay.live.items()}
    return {row[0]: (name, *row[4:], sealed[name]) for name, row in _live(replay).items()}


def _live(replay: Replay) -> dict[str, _Row]:
    """By dataset what is live: generation, version, as of, sequence; rows and digest."""
    return {
        name: (
            state.get("generation"),
            state.get("version"),
            from_rfc3339(str(state.get("as_of"))),
            state.get("sequence", 0),
            state.get("rows"),
            state.get("digest"),
        )
        for name, state in replay.live.items()
    }


def _grant(_name: str, state: _State) -> _Row:
    columns = (state.get(name) for name in ("department", "dataset", "version", "status"))
    return *columns, canonical(state).decode("utf-8")


def _stored_grant(row: _Stored) -> _Row:
    *rest, state = _plain(row)
    return *rest, canonical(orjson.loads(str(state))).decode("utf-8")


def _application(_name: str, state: _State) -> _Row:
    members = ("department", "dataset", "provider", "version", "status")
    due = state.get("due")
    ends = None if due is None else from_rfc3339(str(due))
    return *(state.get(name) for name in members), ends, canonical(state).decode("utf-8")


def _stored_purpose(row: _Stored) -> _Row:
    *rest, ended = _plain(row)
    if ended is not None and type(ended) is not int:
        raise TypeError("purposes")
    return *rest, None if ended is None else rfc3339(ended)


def _whole(*names: str) -> Callable[[str, _State], _Row]:
    """Some members of a state, and the whole of it as the table keeps it."""
    members = _members(*names)
    return lambda name, state: (*members(name, state), canonical(state).decode("utf-8"))


def _disposal(_name: str, state: _State) -> _Row:
    signed = state.get("signed") is not None
    return state.get("version"), signed, canonical(state).decode("utf-8")


def _entry(_name: str, state: _State) -> _Row:
    update, following = state.get("update"), state.get("next")
    due = update.get("due") if isinstance(update, dict) else None
    if isinstance(following, dict) and following.get("stage") in {"approved", "reviewed"}:
        due = following.get("review_due")
    ends = None if due is None else from_rfc3339(str(due))
    members = (state.get(name) for name in ("provider", "version", "status"))
    return *members, ends, canonical(state).decode("utf-8")


def _definitions(replay: Replay) -> _Rows:
    """Every definition that is published, was, or is being drafted."""
    found: _Rows = {}
    for (kind, name), state in replay.things.items():
        if kind == "dataset":
            found[state.get("definition")] = (name,)
        elif kind == "entry":
            editions = state.get("editions")
            listed = [*editions, state.get("next")] if isinstance(editions, list) else []
            found |= {one.get("definition"): (name,) for one in listed if isinstance(one, dict)}
    return found


def _stored_definition(row: _Stored) -> _Row:
    name, dataset, definition = row
    if not isinstance(definition, bytes) or digest(definition) != name:
        raise ValueError("definition")
    return _plain((name, dataset))


def _stored_disposal(row: _Stored) -> _Row:
    grant, version, signed, *rest = row
    if signed not in {0, 1}:
        raise TypeError("disposals")
    return *_plain((grant, version)), bool(signed), *_stored_grant(tuple(rest))


def _calendar(replay: Replay) -> _Rows:
    return {
        name: (state.get("working"), state.get("basis"))
        for (kind, name), state in replay.things.items()
        if kind == "calendar" and state.get("working") is not None
    }


def _keys(replay: Replay) -> _Rows:
    names = ("use", "status", "since", "until", "copied", "certificate", "issuing")
    return {
        name: tuple(state.get(member) for member in names)
        for (kind, name), state in replay.things.items()
        # A hub from before the register entered its first receipt key without a name.
        if kind == "key" and "id" in state
    }


def _stored_key(row: _Stored) -> _Row:
    id_, use, status, *rest = row
    told: list[Json] = []
    for value in rest:
        if isinstance(value, str):
            raise TypeError("signing_keys")
        told.append(digest(value) if isinstance(value, bytes) else value and rfc3339(value))
    return *_plain((id_, use, status)), *told


def _marks(replay: Replay) -> _Rows:
    return {
        name: (state.get("dataset"), state.get("kind"))
        for (kind, name), state in replay.things.items()
        if kind == "mark" and state.get("kind") != "cleared"
    }


def _filings(replay: Replay) -> _Rows:
    """Of every version of what is said of a material: who says it, and the sealed bytes."""
    found: _Rows = {}
    for (kind, name), state in replay.things.items():
        filings = state.get("filings") if kind == "material" else None
        for number, filing in enumerate(filings if isinstance(filings, list) else (), 1):
            if not isinstance(filing, list):
                raise TypeError("filings")
            found[f"{name}/{number}"] = tuple(filing)
    return found


def _stored_material(row: _Stored) -> _Row:
    *rest, thumbnail, version = row
    if thumbnail not in {0, 1}:
        raise TypeError("materials")
    return *_plain(tuple(rest)), bool(thumbnail), *_plain((version,))


def _stored_filing(row: _Stored) -> _Row:
    name, department, sealed = row
    if not isinstance(sealed, bytes):
        raise TypeError("material_filings")
    return _plain((name, department, digest(sealed)))


def _registered(*more: str) -> Callable[[str, _State], _Row]:
    return _members("code", "version", "definition", "status", *more)


def _stored_registered(row: _Stored) -> _Row:
    code, version, definition, *rest = row
    if not isinstance(definition, bytes) or isinstance(code, bytes):
        raise TypeError("definition")
    if not isinstance(version, int):
        raise TypeError("definition")
    return _plain((f"{code}/{version}", code, version, digest(definition), *rest))


def _case(_name: str, state: _State) -> _Row:
    columns = (state.get(name) for name in ("department", "status", "version", "content"))
    return *columns, canonical(state).decode("utf-8")


def _stored_case(row: _Stored) -> _Row:
    *rest, sealed, state = row
    if not isinstance(sealed, bytes):
        raise TypeError("cases")
    even = canonical(orjson.loads(str(state))).decode("utf-8")
    return *_plain(tuple(rest)), digest(sealed), even


def _commitments(replay: Replay) -> _Rows:
    """Of every commitment of every case: kind, status, when it is due and when it was settled."""
    found: _Rows = {}
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


def _stored_mark(row: _Stored) -> _Row:
    pseudonym, *rest = row
    if not isinstance(pseudonym, bytes):
        raise TypeError("marks")
    return _plain((b64u(pseudonym), *rest))


def _mark_changes(replay: Replay) -> _Rows:
    return {
        position: tuple(state.get(name) for name in ("dataset", "kind", "pseudonym"))
        for position, state in replay.marks.items()
    }


def _stored_mark_change(row: _Stored) -> _Row:
    *rest, pseudonym = row
    if not isinstance(pseudonym, bytes):
        raise TypeError("mark_changes")
    return *_plain(tuple(rest)), b64u(pseudonym)


def _disputes(replay: Replay) -> _Rows:
    """Who holds which record for disputed; before there were objections it was the provider."""
    found: _Rows = {}
    for (kind, name), state in replay.things.items():
        if kind == "mark" and state.get("kind") == "disputed":
            holders = state.get("by", ["provider"])
            found |= {f"{name}/{by}": () for by in (holders if isinstance(holders, list) else [])}
    return found


def _stored_dispute(row: _Stored) -> _Row:
    pseudonym, by = row
    if not isinstance(pseudonym, bytes) or not isinstance(by, str):
        raise TypeError("disputes")
    return (f"{b64u(pseudonym)}/{by}",)


def _objection(_name: str, state: _State) -> _Row:
    members = ("department", "dataset", "provider", "version", "status")
    times = (state.get(name) for name in ("due", "told"))
    moments = (None if time is None else from_rfc3339(str(time)) for time in times)
    sealed = (state.get(name) for name in ("content", "answer"))
    return *(state.get(name) for name in members), *moments, *sealed, canonical(state).decode()


def _stored_objection(row: _Stored) -> _Row:
    *plain, content, answer, state = row
    if not isinstance(content, bytes) or isinstance(answer, str | int):
        raise TypeError("objections")
    sealed = (digest(content), None if answer is None else digest(answer))
    return *_plain(tuple(plain)), *sealed, canonical(orjson.loads(str(state))).decode("utf-8")


def _origins(replay: Replay) -> _Rows:
    first: _Rows = {1: (0, 0, None, 1)}
    opened: _Rows = {
        int(str(state.get("origin")).rpartition("/")[2]): (
            position,
            time,
            state.get("checkpoint"),
            1,
        )
        for position, time, state in replay.restores
    }
    return first | opened


def _delegation(_name: str, state: _State) -> _Row:
    columns = (state.get(name) for name in ("department", "to", "status", "version"))
    ends = from_rfc3339(str(state.get("valid_until")))
    return *columns, ends, canonical(state).decode("utf-8")


def _delegated(replay: Replay) -> _Rows:
    return {f"{delegation}/{position}": () for delegation, position in replay.delegated}


def _openable(replay: Replay) -> _Rows:
    return {f"{department}/{position}": () for department, position in replay.openable}


_TABLES = (
    _Table(
        "origin",
        "SELECT number, first, time, note, copied FROM ledger_origins",
        _plain,
        _origins,
    ),
    _Table("openable", "SELECT department || '/' || position FROM openable", _plain, _openable),
    _Table(
        "department",
        "SELECT code, title_zh, title_en, status FROM departments",
        _plain,
        _each("department", _members("title_zh", "title_en", "status")),
    ),
    _Table(
        "connector",
        "SELECT urn, department, status FROM connectors",
        _plain,
        _each("connector", _connector),
    ),
    _Table(
        "certificate",
        "SELECT keyid, der, connector, line, not_before, not_after, status FROM certificates",
        _stored_certificate,
        _each("certificate", _members("connector", "line", "not_before", "not_after", "status")),
    ),
    _Table(
        "purpose",
        "SELECT code, kind, title_zh, title_en, basis, status, ended FROM purposes",
        _stored_purpose,
        _each("purpose", _members("kind", "title_zh", "title_en", "basis", "status", "ended")),
    ),
    _Table(
        "person",
        "SELECT account, department, roles, status, sessions_from, must_change FROM people",
        _stored_person,
        _each("person", _person),
    ),
    _Table(
        "dataset",
        "SELECT code, definition, department, status, generation, version, as_of, sequence"
        " FROM datasets",
        _stored_dataset,
        _datasets,
    ),
    _Table(
        "generation",
        "SELECT name, dataset, row_count, digest, definition FROM generations WHERE state = 'live'",
        _plain,
        _generations,
    ),
    _Table(
        "grant",
        "SELECT id, department, dataset, version, status, state FROM grants",
        _stored_grant,
        _each("grant", _grant),
    ),
    _Table(
        "application",
        "SELECT id, department, dataset, provider, version, status, due, state FROM applications",
        _stored_grant,
        _each("application", _application),
    ),
    _Table(
        "disposition",
        "SELECT id, grant_id, version, status, state FROM dispositions",
        _stored_grant,
        _each("disposition", _whole("grant", "version", "status")),
    ),
    _Table(
        "disposal",
        "SELECT grant_id, version, signed, state FROM disposals",
        _stored_disposal,
        _each("disposal", _disposal),
    ),
    _Table(
        "usage",
        "SELECT id, grant_id, version, state FROM usage_statements",
        _stored_grant,
        _each("usage", _whole("grant", "version")),
    ),
    _Table(
        "stop",
        "SELECT id, what, code, status, state FROM stops",
        _stored_grant,
        _each("stop", _whole("what", "code", "status")),
    ),
    _Table(
        "entry",
        "SELECT code, department, version, status, due, state FROM catalogue_entries",
        _stored_grant,
        _each("entry", _entry),
    ),
    _Table(
        "definition",
        "SELECT digest, dataset, definition FROM definitions",
        _stored_definition,
        _definitions,
    ),
    _Table(
        "calendar",
        "SELECT day, working, basis FROM calendar_days",
        lambda row: (row[0], bool(row[1]), _plain(row[2:])[0]),
        _calendar,
    ),
    _Table(
        "mark-change",
        "SELECT position, dataset, kind, pseudonym FROM mark_changes",
        _stored_mark_change,
        _mark_changes,
    ),
    _Table(
        "hold",
        "SELECT id, status, state FROM holds",
        _plain,
        _each("hold", lambda _name, state: (state.get("status"), canonical(state).decode("utf-8"))),
    ),
    _Table(
        "key",
        "SELECT id, use, status, since, until, copied, certificate, issuing FROM signing_keys",
        _stored_key,
        _keys,
    ),
    _Table(
        "material",
        "SELECT id, dataset, department, digest, media_type, size, status, thumbnail, version"
        " FROM materials",
        _stored_material,
        _each(
            "material",
            _members(
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
    _Table(
        "material-filing",
        "SELECT material || '/' || version, department, sealed FROM material_filings",
        _stored_filing,
        _filings,
    ),
    _Table(
        "delegation",
        "SELECT id, department, to_department, status, version, valid_until, state"
        " FROM delegations",
        _stored_grant,
        _each("delegation", _delegation),
    ),
    _Table("delegated", "SELECT delegation || '/' || position FROM delegated", _plain, _delegated),
    _Table(
        "service",
        "SELECT code, version, definition, status, department FROM services",
        _stored_registered,
        _each("service", _registered("department")),
    ),
    _Table(
        "rules",
        "SELECT code, version, definition, status FROM rule_sets",
        _stored_registered,
        _each("rules", _registered()),
    ),
    _Table(
        "case",
        "SELECT id, department, status, version, sealed, state FROM cases",
        _stored_case,
        _each("case", _case),
    ),
    _Table(
        "commitment",
        "SELECT case_id || '/' || number, kind, status, due, settled FROM commitments",
        _plain,
        _commitments,
    ),
    *(_Table(*told) for told in LICENCE_TABLES),
    _Table(
        "objection",
        "SELECT id, department, dataset, provider, version, status, due, told, content, answer,"
        " state FROM objections",
        _stored_objection,
        _each("objection", _objection),
    ),
    _Table("dispute", "SELECT pseudonym, by FROM disputes", _stored_dispute, _disputes),
    _Table("mark", "SELECT pseudonym, dataset, kind FROM marks", _stored_mark, _marks),
)
