"""An entry as it stands, opened again for the connector whose question it was."""

from certs.canonical import parse
from certs.encoding import b64u
from certs.leaf import SALT_BYTES, read_leaf
from certs.tree import leaf_hash
from hub.errors import NotFound, PersonErased
from hub.ledger.attempt import Entered
from hub.ledger.persons import PersonKeys
from hub.lookup.identify import Caller, short_id
from hub.lookup.refusals import STATUS
from hub.storage.sqlite import Connection

_LIMIT = 4096


def stored_entry(
    connection: Connection, persons: PersonKeys, caller: Caller, request_id: str
) -> tuple[Entered, bytes, str, int]:
    """The first entry of a question: entry, opening, its R and its HTTP status.

    Raises ``NotFound`` if this connector has asked no such question, and ``PersonErased``: without
    its salt the connector could not rebuild the leaf from its question.
    """
    row = connection.execute(
        "SELECT e.position, e.leaf, e.control, e.salts, e.internal, e.person, e.person_key"
        " FROM questions q JOIN entries e ON e.position = q.first WHERE q.id = ?",
        (short_id(caller.asker, request_id),),
    ).fetchone()
    if row is None:
        raise NotFound(what="receipt")
    position, leaf, control, salts, internal, person, person_key = row
    members = parse(control, max_bytes=_LIMIT, max_depth=2)
    if not isinstance(members, dict) or members.get("connector") != caller.connector:
        raise NotFound(what="receipt")
    if person is None:
        raise PersonErased(entry=position)
    read = read_leaf(leaf)
    person_salt, _ = persons.open(person, person_key, read.person)
    opened = b'{"control":%b,"control_salt":"%b","leaf":%b,"person_salt":"%b"}' % (
        control,
        b64u(salts[:SALT_BYTES]).encode("ascii"),
        leaf,
        b64u(person_salt).encode("ascii"),
    )
    entered = Entered(position, read.time, leaf, leaf_hash(leaf), control)
    return entered, opened, str(members["R"]), _status(str(members["outcome"]), internal)


def _status(outcome: str, internal: bytes) -> int:
    """The status with which an exit left, from its outcome class and true reason."""
    if outcome in {"answered", "empty"}:
        return 200
    reason = parse(internal, max_bytes=_LIMIT, max_depth=1)
    code = str(reason.get("reason")) if isinstance(reason, dict) else ""
    return STATUS.get(code, 422 if outcome == "malformed" else 403)
