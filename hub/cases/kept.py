"""Cases as they are kept: a row, its sealed content, and an entry for each act."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sqlmodel import Session, col, delete

from certs.canonical import Json, canonical, parse
from certs.encoding import digest, from_rfc3339
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.cases.asked import Asked, PartyId
from hub.cases.state import CaseState
from hub.cases.turns import replaced, turn
from hub.errors import Conflict, ContentDestroyed, NotFound, StorageRefused
from hub.ledger.change import Change
from hub.storage.cases_tables import CaseRow, CommitmentRow
from hub.storage.sqlite import Connection
from hub.storage.wrapped import case_context

_COLUMNS = (
    "id",
    "department",
    "status",
    "version",
    "request",
    "asked",
    "entry",
    "applicant",
    "key",
    "sealed",
    "state",
    "touched",
)
_LARGEST = 64 << 20
_DEPTH = 16


class Content(NamedTuple):
    """What is sealed: what was asked, what was found, and what was said in the end.

    ``notice`` holds the form, ``rounds`` are as they are kept, ``asker`` is to whom their receipts
    were issued. ``reason`` is why the case was concluded as it was.
    """

    asked: Asked
    asker: str
    notice: Json
    rounds: tuple[Mapping[str, Json], ...]
    reason: str

    def to_json(self) -> dict[str, Json]:
        """As it is sealed."""
        asked = self.asked
        parties: dict[str, Json] = {
            role: None if party is None else {"id": party.id, "type": party.type}
            for role, party in asked.parties.items()
        }
        return {
            "asker": self.asker,
            "case": asked.case,
            "given": dict(asked.given),
            "notice": self.notice,
            "officer": asked.officer,
            "parties": parties,
            "purpose": asked.purpose,
            "reason": self.reason,
            "rounds": [dict(one) for one in self.rounds],
            "services": [*asked.services],
        }


class Kept(NamedTuple):
    """A case with its content open."""

    row: CaseRow
    state: CaseState
    content: Content


def find(session: Session, master: Wrapping, case: str, department: str) -> Kept:
    """A case of a department; raises ``NotFound``, also for another's."""
    return _of(session.get(CaseRow, case), master, department)


def find_unlocked(connection: Connection, master: Wrapping, case: str, department: str) -> Kept:
    """The same, read without the ledger's lock."""
    return _of(row_by(connection, "id", case), master, department)


def _of(row: CaseRow | None, master: Wrapping, department: str) -> Kept:
    if row is None or row.department != department:
        raise NotFound(what="case")
    return opened(row, master)


def row_by(
    connection: Connection, column: Literal["id", "request"], value: str | int
) -> CaseRow | None:
    """The row of a case, read without the ledger's lock."""
    found = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM cases WHERE {column} = ?",  # noqa: S608 no input
        (value,),
    ).fetchone()
    return None if found is None else CaseRow(**dict(zip(_COLUMNS, found, strict=True)))


def opened(row: CaseRow, master: Wrapping) -> Kept:
    """A case as its row holds it.

    Raises ``ContentDestroyed`` after its retention, and ``StorageRefused`` for one that was
    altered.
    """
    if not row.key:
        raise ContentDestroyed(id=row.id)
    state = CaseState.model_validate_json(row.state)
    try:
        if digest(row.sealed) != state.content:
            raise SealBroken
        key = SealingKey(master.unwrap(row.key, case_context(row.id)))
        plain = key.open(row.sealed, case_context(row.id).encode())
    except SealBroken as error:
        raise StorageRefused(why="case") from error
    return Kept(row, state, _content(parse(plain, max_bytes=_LARGEST, max_depth=_DEPTH)))


def require_version(kept: Kept, version: int) -> None:
    """Raise ``Conflict`` for another version than the one that was seen."""
    if kept.state.version != version:
        raise Conflict(why="version")


def sealed(content: Content, key: SealingKey, case: str) -> bytes:
    """The content as the row holds it."""
    return key.seal(canonical(content.to_json()), case_context(case).encode())


def write(
    change: Change, row: CaseRow, state: CaseState, content: Content, master: Wrapping
) -> tuple[CaseState, int]:
    """Keep a case as an act has left it, and enter it; gives the state and its position."""
    before = opened(row, master).content.asked.parties if row.sealed else None
    key = SealingKey(master.unwrap(row.key, case_context(row.id)))
    row.sealed = sealed(content, key, row.id)
    done = state.model_copy(update={"content": digest(row.sealed)})
    position = enter(change, row, done, content.asked)
    if before is not None:
        replaced(change, row.id, position, before, content.asked.parties)
    return done, position


def enter(change: Change, row: CaseRow, state: CaseState, asked: Asked) -> int:
    """Keep a state and enter it; the content stays what it is."""
    row.status, row.version = state.status, state.version
    if state.act != "read":
        row.touched = change.time
    row.state = canonical(state.state()).decode("utf-8")
    change.session.add(row)
    change.session.flush()
    change.session.exec(delete(CommitmentRow).where(col(CommitmentRow.case_id) == row.id))
    for one in state.commitments:
        change.session.add(
            CommitmentRow(
                case_id=row.id,
                number=one.number,
                kind=one.kind,
                status=one.status,
                due=from_rfc3339(one.due),
                settled=None if one.settled is None else from_rfc3339(one.settled),
            )
        )
    change.session.flush()
    row.entry = change.append("case", state.state(), subject=asked.about, case=asked.case)
    change.session.add(row)
    change.session.flush()
    turn(change, state, row.entry)
    return row.entry


def state_of(connection: Connection, case: str, department: str | None) -> CaseState:
    """One of them; raises ``NotFound``, also for another department's."""
    row = connection.execute(
        "SELECT state FROM cases WHERE id = ?1 AND (?2 IS NULL OR department = ?2)",
        (case, department),
    ).fetchone()
    if row is None:
        raise NotFound(what="case")
    return CaseState.model_validate_json(row[0])


def _content(value: Json) -> Content:
    if not isinstance(value, dict):
        raise StorageRefused(why="case")
    parties, given, rounds = value["parties"], value["given"], value["rounds"]
    services = value["services"]
    if not isinstance(parties, dict) or not isinstance(given, dict):
        raise StorageRefused(why="case")
    if not isinstance(rounds, list) or not isinstance(services, list):
        raise StorageRefused(why="case")
    asked = Asked(
        services=tuple(str(one) for one in services),
        case=str(value["case"]),
        purpose=str(value["purpose"]),
        officer=str(value["officer"]),
        parties={
            role: None if party is None else PartyId.model_validate(party)
            for role, party in parties.items()
        },
        given={field: str(said) for field, said in given.items()},
    )
    return Content(
        asked=asked,
        asker=str(value["asker"]),
        notice=value["notice"],
        rounds=tuple(one for one in rounds if isinstance(one, dict)),
        reason=str(value["reason"]),
    )
