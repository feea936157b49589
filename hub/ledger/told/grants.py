"""Grants and all that leads to them and ends them, beside what their entries say."""

from certs.canonical import canonical
from certs.encoding import from_rfc3339
from hub.ledger.replay import Replay
from hub.ledger.told.shapes import (
    Row,
    Rows,
    State,
    Stored,
    Table,
    each,
    plain,
    stored_state,
    whole,
)


def _grant(_name: str, state: State) -> Row:
    columns = (state.get(name) for name in ("department", "dataset", "version", "status"))
    return *columns, canonical(state).decode("utf-8")


def _application(_name: str, state: State) -> Row:
    members = ("department", "dataset", "provider", "version", "status")
    due = state.get("due")
    ends = None if due is None else from_rfc3339(str(due))
    return *(state.get(name) for name in members), ends, canonical(state).decode("utf-8")


def _disposal(_name: str, state: State) -> Row:
    signed = state.get("signed") is not None
    return state.get("version"), signed, canonical(state).decode("utf-8")


def _stored_disposal(row: Stored) -> Row:
    grant, version, signed, *rest = row
    if signed not in {0, 1}:
        raise TypeError("disposals")
    return *plain((grant, version)), bool(signed), *stored_state(tuple(rest))


def _delegation(_name: str, state: State) -> Row:
    columns = (state.get(name) for name in ("department", "to", "status", "version"))
    ends = from_rfc3339(str(state.get("valid_until")))
    return *columns, ends, canonical(state).decode("utf-8")


def _delegated(replay: Replay) -> Rows:
    return {f"{delegation}/{position}": () for delegation, position in replay.delegated}


GRANTS = (
    Table(
        "grant",
        "SELECT id, department, dataset, version, status, state FROM grants",
        stored_state,
        each("grant", _grant),
    ),
    Table(
        "application",
        "SELECT id, department, dataset, provider, version, status, due, state FROM applications",
        stored_state,
        each("application", _application),
    ),
    Table(
        "disposition",
        "SELECT id, grant_id, version, status, state FROM dispositions",
        stored_state,
        each("disposition", whole("grant", "version", "status")),
    ),
    Table(
        "disposal",
        "SELECT grant_id, version, signed, state FROM disposals",
        _stored_disposal,
        each("disposal", _disposal),
    ),
    Table(
        "usage",
        "SELECT id, grant_id, version, state FROM usage_statements",
        stored_state,
        each("usage", whole("grant", "version")),
    ),
    Table(
        "stop",
        "SELECT id, what, code, status, state FROM stops",
        stored_state,
        each("stop", whole("what", "code", "status")),
    ),
    Table(
        "delegation",
        "SELECT id, department, to_department, status, version, valid_until, state"
        " FROM delegations",
        stored_state,
        each("delegation", _delegation),
    ),
    Table("delegated", "SELECT delegation || '/' || position FROM delegated", plain, _delegated),
)
