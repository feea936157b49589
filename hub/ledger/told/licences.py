"""Licences as stored beside what their entries say; ``hub/ledger/compare.py`` compares them."""

import json
from collections.abc import Callable, Iterator

from certs.canonical import canonical
from certs.encoding import b64u, digest, sha256
from hub.ledger.replay import Replay
from hub.ledger.told.shapes import Row, Rows, State, Stored, Table

_BOUND = b"yifen/v1/credential\x00"
_CHAIN = ("replaces", "replaced_by")


def _states(replay: Replay, kind: str) -> Iterator[tuple[str, State]]:
    for (of_kind, name), state in replay.things.items():
        if of_kind == kind:
            yield name, state


def _types(replay: Replay) -> Rows:
    return {
        name: (
            state.get("type_code"),
            state.get("definition"),
            canonical(state.get("issuers")).decode(),
            state.get("status"),
        )
        for name, state in _states(replay, "licence-type")
    }


def _stored_type(row: Stored) -> Row:
    code, type_code, definition, issuers, status = row
    even = canonical(json.loads(str(issuers))).decode()
    return _text(code), _text(type_code), digest(_blob(definition)), even, _text(status)


def _licences(replay: Replay) -> Rows:
    members = ("type", "department", "content", "note", "version", "status", *_CHAIN)
    return {
        name: (*(state.get(member) for member in members), replay.told["licence", name])
        for name, state in _states(replay, "licence")
    }


def _stored_licence(row: Stored) -> Row:
    name, kind, department, sealed, note, version, status, replaces, replaced_by, changed = row
    if not isinstance(version, int) or not isinstance(changed, int):
        raise TypeError("licences")
    told = (digest(_blob(sealed)), digest(_blob(note)))
    chain = (_named(replaces), _named(replaced_by))
    named = (_text(name), _text(kind), _text(department))
    return *named, *told, version, _text(status), *chain, changed


def _listed(member: str) -> Callable[[Replay], Rows]:
    """What a licence's state lists, by licence and number."""

    def derived(replay: Replay) -> Rows:
        found: Rows = {}
        for name, state in _states(replay, "licence"):
            listed = state.get(member)
            for number, one in enumerate(listed if isinstance(listed, list) else (), 1):
                found[f"{name}/{number}"] = tuple(one) if isinstance(one, list) else (one,)
        return found

    return derived


def _stored_credential(row: Stored) -> Row:
    name, list_, place, salt = row
    if not isinstance(list_, int) or not isinstance(place, int) or min(list_, place) < 0:
        raise TypeError("licence_credentials")
    return _text(name), bound(list_, place, _blob(salt))


def _stored_paper(row: Stored) -> Row:
    name, code, pdf, language = row
    bound_by = (_text(name), b64u(_blob(code)), b64u(_blob(pdf)))
    return bound_by if language is None else (*bound_by, _text(language))


def _lists(replay: Replay) -> Rows:
    return {
        name: (state.get("digest"), state.get("version"))
        for name, state in _states(replay, "status-list")
    }


def _stored_list(row: Stored) -> Row:
    number, packed, version = row
    if not isinstance(version, int):
        raise TypeError("status_lists")
    return str(number), digest(_blob(packed)), version


def bound(list_: int, place: int, salt: bytes) -> str:
    """What an entry tells of a credential's place: whoever sees it cannot tell the place."""
    return b64u(sha256(_BOUND + salt + list_.to_bytes(8, "big") + place.to_bytes(8, "big")))


def _named(value: str | int | bytes | None) -> str | None:
    return None if value is None else _text(value)


def _text(value: str | int | bytes | None) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _blob(value: str | int | bytes | None) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("blob")
    return value


LICENCES = (
    Table(
        "licence-type",
        "SELECT code, type_code, definition, issuers, status FROM licence_types",
        _stored_type,
        _types,
    ),
    Table(
        "licence",
        "SELECT id, type, department, sealed, note, version, status, replaces, replaced_by, changed"
        " FROM licences",
        _stored_licence,
        _licences,
    ),
    Table(
        "licence-credential",
        "SELECT licence || '/' || number, list, place, salt FROM licence_credentials",
        _stored_credential,
        _listed("credentials"),
    ),
    Table(
        "licence-paper",
        "SELECT licence || '/' || number, code, pdf, language FROM licence_papers",
        _stored_paper,
        _listed("papers"),
    ),
    Table(
        "status-list",
        "SELECT number, packed, version FROM status_lists",
        _stored_list,
        _lists,
    ),
)
"""Kind, query, row as stored, rows as the entries give them."""
