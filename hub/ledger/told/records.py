"""Datasets with their entries, generations, marks and objections, beside what the log says."""

import orjson

from certs.canonical import canonical
from certs.encoding import b64u, digest, from_rfc3339
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
)


def _stored_dataset(row: Stored) -> Row:
    code, definition, *rest = row
    if not isinstance(definition, bytes):
        raise TypeError("datasets")
    return plain((code, digest(definition), *rest))


def _datasets(replay: Replay) -> Rows:
    live = _live(replay)
    return {
        name: (
            *(state.get(member) for member in ("definition", "department", "status")),
            *(live[name][:4] if name in live else (None, 0, 0, 0)),
        )
        for (kind, name), state in replay.things.items()
        if kind == "dataset"
    }


def _generations(replay: Replay) -> Rows:
    sealed = {name: state.get("definition") for name, state in replay.live.items()}
    return {row[0]: (name, *row[4:], sealed[name]) for name, row in _live(replay).items()}


def _live(replay: Replay) -> dict[str, Row]:
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


def _entry(_name: str, state: State) -> Row:
    update, following = state.get("update"), state.get("next")
    due = update.get("due") if isinstance(update, dict) else None
    if isinstance(following, dict) and following.get("stage") in {"approved", "reviewed"}:
        due = following.get("review_due")
    ends = None if due is None else from_rfc3339(str(due))
    members = (state.get(name) for name in ("provider", "version", "status"))
    return *members, ends, canonical(state).decode("utf-8")


def _definitions(replay: Replay) -> Rows:
    """Every definition that is published, was, or is being drafted."""
    found: Rows = {}
    for (kind, name), state in replay.things.items():
        if kind == "dataset":
            found[state.get("definition")] = (name,)
        elif kind == "entry":
            editions = state.get("editions")
            listed = [*editions, state.get("next")] if isinstance(editions, list) else []
            found |= {one.get("definition"): (name,) for one in listed if isinstance(one, dict)}
    return found


def _stored_definition(row: Stored) -> Row:
    name, dataset, definition = row
    if not isinstance(definition, bytes) or digest(definition) != name:
        raise ValueError("definition")
    return plain((name, dataset))


def _marks(replay: Replay) -> Rows:
    return {
        name: (state.get("dataset"), state.get("kind"))
        for (kind, name), state in replay.things.items()
        if kind == "mark" and state.get("kind") != "cleared"
    }


def _stored_mark(row: Stored) -> Row:
    pseudonym, *rest = row
    if not isinstance(pseudonym, bytes):
        raise TypeError("marks")
    return plain((b64u(pseudonym), *rest))


def _mark_changes(replay: Replay) -> Rows:
    return {
        position: tuple(state.get(name) for name in ("dataset", "kind", "pseudonym"))
        for position, state in replay.marks.items()
    }


def _stored_mark_change(row: Stored) -> Row:
    *rest, pseudonym = row
    if not isinstance(pseudonym, bytes):
        raise TypeError("mark_changes")
    return *plain(tuple(rest)), b64u(pseudonym)


def _disputes(replay: Replay) -> Rows:
    """Who holds which record for disputed; before there were objections it was the provider."""
    found: Rows = {}
    for (kind, name), state in replay.things.items():
        if kind == "mark" and state.get("kind") == "disputed":
            holders = state.get("by", ["provider"])
            found |= {f"{name}/{by}": () for by in (holders if isinstance(holders, list) else [])}
    return found


def _stored_dispute(row: Stored) -> Row:
    pseudonym, by = row
    if not isinstance(pseudonym, bytes) or not isinstance(by, str):
        raise TypeError("disputes")
    return (f"{b64u(pseudonym)}/{by}",)


def _objection(_name: str, state: State) -> Row:
    members = ("department", "dataset", "provider", "version", "status")
    times = (state.get(name) for name in ("due", "told"))
    moments = (None if time is None else from_rfc3339(str(time)) for time in times)
    sealed = (state.get(name) for name in ("content", "answer"))
    return *(state.get(name) for name in members), *moments, *sealed, canonical(state).decode()


def _stored_objection(row: Stored) -> Row:
    *named, content, answer, state = row
    if not isinstance(content, bytes) or isinstance(answer, str | int):
        raise TypeError("objections")
    sealed = (digest(content), None if answer is None else digest(answer))
    return *plain(tuple(named)), *sealed, canonical(orjson.loads(str(state))).decode("utf-8")


RECORDS = (
    Table(
        "dataset",
        "SELECT code, definition, department, status, generation, version, as_of, sequence"
        " FROM datasets",
        _stored_dataset,
        _datasets,
    ),
    Table(
        "generation",
        "SELECT name, dataset, row_count, digest, definition FROM generations WHERE state = 'live'",
        plain,
        _generations,
    ),
    Table(
        "entry",
        "SELECT code, department, version, status, due, state FROM catalogue_entries",
        stored_state,
        each("entry", _entry),
    ),
    Table(
        "definition",
        "SELECT digest, dataset, definition FROM definitions",
        _stored_definition,
        _definitions,
    ),
    Table(
        "mark-change",
        "SELECT position, dataset, kind, pseudonym FROM mark_changes",
        _stored_mark_change,
        _mark_changes,
    ),
    Table("mark", "SELECT pseudonym, dataset, kind FROM marks", _stored_mark, _marks),
    Table("dispute", "SELECT pseudonym, by FROM disputes", _stored_dispute, _disputes),
    Table(
        "objection",
        "SELECT id, department, dataset, provider, version, status, due, told, content, answer,"
        " state FROM objections",
        _stored_objection,
        each("objection", _objection),
    ),
)
