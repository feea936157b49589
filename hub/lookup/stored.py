"""Entries as they stand, opened again for the connector whose question it was."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from certs.canonical import Json, parse
from certs.leaf import SALT_BYTES, read_leaf
from certs.tree import leaf_hash
from hub.errors import NotFound, PersonErased
from hub.ledger.attempt import EnteredBatch
from hub.ledger.persons import PersonKeys
from hub.lookup.batch_reveal import UNFIT
from hub.lookup.decide import told_of
from hub.lookup.identify import Caller, short_id
from hub.lookup.joint import PART
from hub.lookup.receipt import opening
from hub.lookup.refusals import STATUS
from hub.storage.sqlite import Connection

_LIMIT = 4096
_CONTROL_LIMIT = 1 << 20
"""Of whatever stands behind the question: a change of control may be long."""
_CONTROL_DEPTH = 20
_Row: TypeAlias = "tuple[int, bytes, bytes, bytes, bytes, bytes | None, int]"
_ROWS = (
    "SELECT position, leaf, control, salts, internal, person, person_key FROM entries"
    " WHERE position >= (SELECT first FROM questions WHERE id = ?) ORDER BY position"
)


class Stored(NamedTuple):
    """The entries of a question's first time: what they are, opened, its R and its HTTP status."""

    entered: EnteredBatch
    opened: bytes
    """The members of ``openings``."""
    request: str
    status: int


def stored_entries(
    connection: Connection, persons: PersonKeys, caller: Caller, request_id: str
) -> Stored:
    """The entries of a question that this connector asked; a batch has one for each subject.

    Raises ``NotFound`` if it has asked no such question, and ``PersonErased``: without its salt
    the connector could not rebuild the leaf from its question.
    """
    rows = connection.execute(_ROWS, (short_id(caller.asker, request_id),))
    found = list(_of_one_request(rows, caller))
    if not found:
        raise NotFound(what="receipt")
    openings: list[bytes] = []
    entered = EnteredBatch(found[0][0][0], read_leaf(found[0][0][1]).time, [], [], [])
    for (position, leaf, control, salts, _, person, person_key), _ in found:
        if person is None:
            raise PersonErased(entry=position)
        salt, _ = persons.open(person, person_key, read_leaf(leaf).person)
        openings.append(opening(control, salts[:SALT_BYTES], leaf, salt))
        entered.leaves.append(leaf)
        entered.hashes.append(leaf_hash(leaf))
        entered.controls.append(control)
    row, control_members = found[0]
    status = _status(str(control_members["outcome"]), row[4])
    return Stored(entered, b",".join(openings), str(control_members["R"]), status)


def _of_one_request(
    rows: Iterator[_Row], caller: Caller
) -> Iterator[tuple[_Row, Mapping[str, Json]]]:
    """The first entry and those of the same R behind it, each with its *control*."""
    request: Json = None
    for row in rows:
        members = parse(row[2], max_bytes=_CONTROL_LIMIT, max_depth=_CONTROL_DEPTH)
        if not isinstance(members, dict) or members.get("connector") != caller.connector:
            return
        if request is None:
            request = members.get("R")
        if request is None or members.get("R") != request:
            return
        yield row, members


def _status(outcome: str, internal: bytes) -> int:
    """The status with which an exit left, from its outcome class and true reason."""
    if outcome in {"answered", "empty"}:
        return 200
    told = parse(internal, max_bytes=_LIMIT, max_depth=1)
    reason = str(told.get("reason")) if isinstance(told, dict) else ""
    if reason.startswith((UNFIT, PART)) and reason not in STATUS:
        return 200  # one subject's identifier, or one question, beside the answers to others
    return STATUS.get(told_of(reason), 422 if outcome == "malformed" else 403)
