"""Opening a case, told as numbered steps; the same request again gives the same case.

    1 read      whose case it is, of which services, and what was entered        -> Asked
    2 known     a retry finds its case                                           -> Kept
    3 ask       rounds of joint questions under the department's grants          -> Rounds
    4 decide    what is on file, what sharing confirms, what may follow, what is to be brought
    5 record    the case sealed, and its entry, under the epoch of every answer  -> CaseState
    6 answer    the one-time notice, the form, and what they rest on

Who asks was identified before, and the nonce of the request reserved (``hub/web/signed.py``).
"""

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from catalog.evidence.notice_json import to_json
from certs.canonical import Json
from certs.encoding import from_rfc3339, rfc3339
from certs.sealing import KEY_BYTES
from hub.cases.acting import require_officer
from hub.cases.asked import Asked, Opening
from hub.cases.deciding import Decided, decide_and, materials_of
from hub.cases.desk import Desk, Handler
from hub.cases.kept import Content, Kept, enter, find, opened, row_by, write
from hub.cases.papers import Papers
from hub.cases.rounds import Round
from hub.cases.state import CaseState
from hub.clock import MINUTE
from hub.errors import Conflict
from hub.ledger.change import Change
from hub.lookup.identify import short_id
from hub.storage.cases_tables import CaseRow
from hub.storage.wrapped import case_context

RETRY = 10 * MINUTE
"""For how long the same request is a retry, told what it was told before. Later, or once the case
has moved on, it reads the case, which is an entry."""


class Opened(NamedTuple):
    """A case as its opener is told it; ``position`` is that of its newest entry, if one was made.

    ``rounds`` are those of the newest decision, as they were told to whom they were signed for.
    """

    state: CaseState
    content: Content
    position: int | None
    rounds: Sequence[Mapping[str, Json]]


def open_case(desk: Desk, handler: Handler, opening: Opening) -> Opened:
    """Open a case, or find the one that the same request has opened.

    Raises ``NotFound`` for a service that is not the asker's, ``Forbidden`` for the officer,
    ``Unprocessable`` for parties and fields that do not fit, ``Conflict`` for a ``request_id`` that
    meant something else, and what joint questions raise.
    """
    caller = handler.caller
    # 1 read
    require_officer(caller, handler.officer, desk.book.refresh())
    asked = Asked(
        services=tuple(sorted(opening.services)),
        case=opening.case,
        purpose=opening.purpose,
        officer=handler.officer,
        parties=opening.parties,
        given=opening.given,
    )
    # 2 known
    name = short_id(caller.asker, "case", opening.request_id)
    known = _known(desk, name, opening.content)
    if known is not None:
        return _retried(desk, handler, known)

    # 5 record
    def record(change: Change, decided: Decided) -> Opened:
        found = _known(desk, name, opening.content)
        if found is not None:  # the same request, at the same time, by another process
            return Opened(found.state, found.content, None, found.content.rounds)
        return _first(desk, change, handler, asked, decided, (name, opening.content))

    # 3 ask, 4 decide
    return decide_and(desk, handler, asked, record)


def read_again(desk: Desk, handler: Handler, case: str) -> Opened:
    """The content of a case, and the entry that it was read; raises ``NotFound``."""
    with desk.changes.change(handler.actor, moves_epoch=False) as change:
        kept = find(change.session, desk.master, case, handler.caller.department)
        state = kept.state.model_copy(update={"act": "read"})
        position = enter(change, kept.row, state, kept.content.asked)
        return Opened(state, kept.content, position, kept.content.rounds)


def _retried(desk: Desk, handler: Handler, known: Kept) -> Opened:
    state = known.state
    late = desk.clock() - from_rfc3339(state.opened) >= RETRY
    if late or state.version > 1:
        return read_again(desk, handler, state.id)._replace(position=None)
    return Opened(state, known.content, None, known.content.rounds)


def _known(desk: Desk, name: int, content: bytes) -> Kept | None:
    """The case of a request; raises ``Conflict`` if it was another request."""
    row = row_by(desk.reading, "request", name)
    if row is None:
        return None
    if row.asked != content:
        raise Conflict(why="request-id")
    return opened(row, desk.master)


def _first(
    desk: Desk,
    change: Change,
    handler: Handler,
    asked: Asked,
    decided: Decided,
    request: tuple[int, bytes],
) -> Opened:
    """A new case with its first entry."""
    name = f"C-{secrets.token_hex(8)}"
    department = handler.caller.department
    papers = Papers(desk, change, asked, department)
    state = CaseState(
        id=name,
        act="open",
        version=1,
        department=department,
        status="open",
        result=None,
        opened=rfc3339(change.time),
        day=decided.decision.day.isoformat(),
        R=decided.request,
        rounds=decided.spans,
        services=decided.services(),
        rules=decided.rules(),
        digest=decided.decision.digest,
        materials=materials_of(decided, {}, papers.came_since(change.time + 1)),
        commitments=(),
        content="",
    )
    row = CaseRow(
        id=name,
        department=department,
        status=state.status,
        version=state.version,
        request=request[0],
        asked=request[1],
        entry=0,
        applicant=desk.applicant(asked),
        key=desk.master.wrap(os.urandom(KEY_BYTES), case_context(name)),
        sealed=b"",
        state="",
    )
    content = content_of(asked, handler, decided)
    written, position = write(change, row, state, content, desk.master)
    return Opened(written, content, position, told(decided.rounds))


def content_of(asked: Asked, handler: Handler, decided: Decided) -> Content:
    """What is sealed of a decision."""
    return Content(
        asked=asked,
        asker=handler.caller.asker,
        notice=to_json(decided.decision),
        rounds=tuple(one.kept() for one in decided.rounds),
        reason="",
    )


def told(rounds: Iterable[Round]) -> tuple[Mapping[str, Json], ...]:
    """Rounds as they are handed on."""
    return tuple(one.told() for one in rounds)
