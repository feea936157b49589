"""Disputes and repairs: a repaired record is never returned, a disputed one is returned marked.

A mark names a pseudonym of the record that outlives generations (protocol, *Rows*). Credit repair:
信用修复管理办法, in force 2026-04-01.
"""

from typing import Literal, TypeAlias

from certs.encoding import b64u
from hub.errors import Conflict, Forbidden, NotFound
from hub.ledger.change import Actor, Changes
from hub.storage.tables import DatasetRow, MarkRow

MarkKind: TypeAlias = Literal["disputed", "repaired", "cleared"]


def set_mark(
    changes: Changes,
    actor: Actor,
    dataset: str,
    pseudonym: bytes,
    kind: MarkKind,
    subject: tuple[str, str],
) -> int:
    """Mark a record, or clear its mark; gives the entry's position.

    Only the department that provides the dataset may (``Forbidden``). The same mark again is a
    ``Conflict``: it would move the epoch for everybody and change nothing.
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
        if kind == "cleared":
            if existing is None:
                raise NotFound(what="mark")
            change.session.delete(existing)
        else:
            change.session.merge(MarkRow(pseudonym=pseudonym, dataset=dataset, kind=kind))
        state = {"dataset": dataset, "kind": kind, "pseudonym": b64u(pseudonym)}
        return change.append("mark", state, subject=subject)
