"""Licences as stored beside what their entries say; ``hub/ledger/compare.py`` compares them."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from certs.canonical import Json, canonical
from certs.encoding import b64u, digest, sha256
from hub.ledger.replay import Replay

_Row: TypeAlias = "tuple[Json, ...]"
_Rows: TypeAlias = "dict[Json, _Row]"
_Stored: TypeAlias = "tuple[str | int | bytes | None, ...]"
_State: TypeAlias = Mapping[str, Json]
_BOUND = b"yifen/v1/credential\x00"


def _states(replay: Replay, kind: str) -> Iterator[tuple[str, _State]]:
    for (of_kind, name), state in replay.things.items():
        if of_kind == kind:
            yield name, state


def _types(replay: Replay) -> _Rows:
    return {
        name: (
            state.get("type_code"),
            state.get("definition"),
            canonical(state.get("issuers")).decode(),
            state.get("status"),
        )
        for name, state in _states(replay, "licence-type")
    }


def _stored_type(row: _Stored) -> _Row:
    code, type_code, definition, issuers, status = row
    even = canonical(json.loads(str(issuers))).decode()
    return _text(code), _text(type_code), digest(_blob(definition)), even, _text(status)


def _licences(replay: Replay) -> _Rows:
    members = ("type", "department", "content", "note", "version", "status")
    return {
        name: tuple(state.get(member) for member in members)
        for name, state in _states(replay, "licence")
    }


def _stored_licence(row: _Stored) -> _Row:
    name, kind, department, sealed, note, version, status = row
    if not isinstance(version, int):
        raise TypeError("licences")
    told = (digest(_blob(sealed)), digest(_blob(note)))
    return _text(name), _text(kind), _text(department), *told, version, _text(status)


def _listed(member: str) -> Callable[[Replay], _Rows]:
    """What a licence's state lists, by licence and number."""

    def derived(replay: Replay) -> _Rows:
        found: _Rows = {}
        for name, state in _states(replay, "licence"):
            listed = state.get(member)
            for number, one in enumerate(listed if isinstance(listed, list) else (), 1):
                found[f"{name}/{number}"] = tuple(one) if isinstance(one, list) else (one,)
        return found

    return derived


def _stored_credential(row: _Stored) -> _Row:
    name, list_, place, salt = row
    if not isinstance(list_, int) or not isinstance(place, int) or min(list_, place) < 0:
        raise TypeError("licence_credentials")
    return _text(name), bound(list_, place, _blob(salt))


def _stored_paper(row: _Stored) -> _Row:
    name, code, pdf = row
    return _text(name), b64u(_blob(code)), b64u(_blob(pdf))


def _lists(replay: Replay) -> _Rows:
    return {
        name: (state.get("digest"), state.get("version"))
        for name, state in _states(replay, "status-list")
    }


def _stored_list(row: _Stored) -> _Row:
    number, packed, version = row
    if not isinstance(version, int):
        raise TypeError("status_lists")
    return str(number), digest(_blob(packed)), version


def bound(list_: int, place: int, salt: bytes) -> str:
    """What an entry tells of a credential's place: whoever sees it cannot tell the place."""
    return b64u(sha256(_BOUND + salt + list_.to_bytes(8, "big") + place.to_bytes(8, "big")))


def _text(value: str | int | bytes | None) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _blob(value: str | int | bytes | None) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("blob")
    return value


LICENCE_TABLES: tuple[
    tuple[str, str, Callable[[_Stored], _Row], Callable[[Replay], _Rows]], ...
] = (
    (
        "licence-type",
        "SELECT code, type_code, definition, issuers, status FROM licence_types",
        _stored_type,
        _types,
    ),
    (
        "licence",
        "SELECT id, type, department, sealed, note, version, status FROM licences",
        _stored_licence,
        _licences,
    ),
    (
        "licence-credential",
        "SELECT licence || '/' || number, list, place, salt FROM licence_credentials",
        _stored_credential,
        _listed("credentials"),
    ),
    (
        "licence-paper",
        "SELECT licence || '/' || number, code, pdf FROM licence_papers",
        _stored_paper,
        _listed("papers"),
    ),
    (
        "status-list",
        "SELECT number, packed, version FROM status_lists",
        _stored_list,
        _lists,
    ),
)
"""Kind, query, row as stored, rows as the entries give them."""
