"""Disputes and repairs: a repaired record is never returned, a disputed one is returned marked.

A mark names a pseudonym of the record that outlives generations (protocol, *Rows*). Credit repair:
信用修复管理办法, in force 2026-04-01. A record is disputed for as long as its provider holds it so,
or an objection against it is open: the mark goes with the last of them.
"""

import hmac
from collections.abc import Callable
from typing import Literal, TypeAlias

from sqlmodel import select

from certs.canonical import Json
from certs.encoding import b64u
from hub.errors import Conflict, Forbidden, NotFound
from hub.ledger.change import Actor, Change, Changes
from hub.storage.feed_tables import MarkChangeRow
from hub.storage.objection_tables import DisputeRow
from hub.storage.tables import DatasetRow, MarkRow

MarkKind: TypeAlias = Literal["disputed", "repaired", "cleared"]
PROVIDER = "provider"
"""Who holds a record for disputed, where no objection does."""
Released: TypeAlias = Callable[[Change, frozenset[str], int], None]
"""Told the objections that a repair has made idle, and the entry of the repair."""


def _refuse(_: Change, objections: frozenset[str], __: int) -> None:
    if objections:
        raise Conflict(why="objection-open")


def set_mark(
    changes: Changes,
    actor: Actor,
    dataset: str,
    pseudonym: bytes,
    kind: MarkKind,
    subject: tuple[str, str],
    *,
    released: Released = _refuse,
) -> int:
    """Mark a record as its provider, or clear its mark; gives the entry's position.

    Only the department that provides the dataset may (``Forbidden``). The same mark again is a
    ``Conflict``: it would move the epoch for everybody and change nothing. So is clearing what an
    objection disputes: that is answered, not cleared. A repair makes such objections idle, and
    ``released`` has to end them.
    """
    with changes.change(actor) as change:
        row = change.session.get(DatasetRow, dataset)
        if row is None:
            raise NotFound(what="dataset")
        if row.department != actor.department:
            raise Forbidden
        existing = change.session.get(MarkRow, pseudonym)
        if existing is not None and existing.kind == kind:
            raise Conflict(why="mark-unchanged")
        if kind == "cleared" and existing is None:
            raise NotFound(what="mark")
        objections = holders(change, pseudonym) - {PROVIDER}
        if kind == "cleared" and objections:
            raise Conflict(why="objection-open")
        held = frozenset({PROVIDER}) if kind == "disputed" else frozenset[str]()
        position = _write(change, dataset, pseudonym, kind, held, subject)
        if objections:
            released(change, objections, position)
        return position


def dispute_in(
    change: Change, dataset: str, pseudonym: bytes, objection: str, subject: tuple[str, str]
) -> int:
    """Mark a record disputed for an objection, within a change that moves the epoch.

    Gives the entry's position. The record is not repaired: such a one is not there to object to.
    """
    held = holders(change, pseudonym) | {objection}
    return _write(change, dataset, pseudonym, "disputed", held, subject)


def settle_in(
    change: Change, dataset: str, pseudonym: bytes, objection: str, subject: tuple[str, str] | None
) -> int:
    """Take an objection from a record: the mark goes with the last that held it.

    Within a change that moves the epoch; gives the entry's position.
    """
    left = holders(change, pseudonym) - {objection}
    kind: MarkKind = "disputed" if left else "cleared"
    return _write(change, dataset, pseudonym, kind, left, subject)


def disputed_by(change: Change, objection: str) -> list[bytes]:
    """The records that an objection holds for disputed, by their pseudonyms, in order."""
    rows = change.session.exec(select(DisputeRow).where(DisputeRow.by == objection)).all()
    return sorted(row.pseudonym for row in rows)


def record_pseudonym(key: bytes, dataset: str, subject: str, row_key: str) -> bytes:
    """HMAC(kept key, dataset ‖ subject ‖ row key), each with its length (protocol, *Rows*).

    ``dataset`` is the full name, ``subject`` normalised.
    """
    parts = (dataset, subject, row_key)
    data = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return hmac.digest(key, data, "sha256")


def holders(change: Change, pseudonym: bytes) -> frozenset[str]:
    """Who holds a record for disputed: ``PROVIDER``, and objections by their ids."""
    found = select(DisputeRow).where(DisputeRow.pseudonym == pseudonym)
    return frozenset(row.by for row in change.session.exec(found).all())


def _write(
    change: Change,
    dataset: str,
    pseudonym: bytes,
    kind: MarkKind,
    held: frozenset[str],
    subject: tuple[str, str] | None,
) -> int:
    """The one place where a mark changes: its rows, and its entry with the whole new state."""
    session = change.session
    existing = session.get(MarkRow, pseudonym)
    if kind == "cleared":
        if existing is not None:
            session.delete(existing)
    else:
        session.merge(MarkRow(pseudonym=pseudonym, dataset=dataset, kind=kind))
    for row in session.exec(select(DisputeRow).where(DisputeRow.pseudonym == pseudonym)).all():
        if row.by not in held:
            session.delete(row)
    for by in held:
        session.merge(DisputeRow(pseudonym=pseudonym, by=by))
    session.flush()
    state: dict[str, Json] = {
        "by": [*sorted(held)],
        "dataset": dataset,
        "kind": kind,
        "pseudonym": b64u(pseudonym),
    }
    position = change.append("mark", state, subject=subject)
    session.add(MarkChangeRow(position=position, dataset=dataset, pseudonym=pseudonym, kind=kind))
    return position
