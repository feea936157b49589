"""Opening what is sealed in an objection: whoever does is entered first, with whom it is about."""

from dataclasses import dataclass

from hub.audit.search import AUDIT_READ
from hub.errors import Conflict
from hub.ledger.change import Actor
from hub.objections.content import open_answer, open_claim
from hub.objections.desk import Desk
from hub.objections.objection import Claim, Objection
from hub.objections.register import find, sealed


@dataclass(frozen=True, slots=True)
class OpenedObjection:
    """An objection with what was sealed; ``reason`` is the answer's, None where there is none.

    ``entry`` is where this very opening stands in the log.
    """

    objection: Objection
    claim: Claim
    reason: str | None
    entry: int


def open_objection(desk: Desk, actor: Actor, objection: str) -> OpenedObjection:
    """Open an objection for the actor's department, one of its sides, after that was entered.

    Raises ``NotFound``, and ``Conflict`` for what is past its retention and gone.
    """
    found = find(desk.reading, objection, actor.department or "")
    content, answer = sealed(desk.reading, objection)
    # 1 Open, to know whom it is about
    claim = open_claim(desk, objection, content)
    if claim is None:
        raise Conflict(why="erased")
    # 2 Record
    with desk.changes.change(actor, moves_epoch=False) as change:
        entry = change.append(
            AUDIT_READ, {"objection": objection}, subject=(claim.subject.type, claim.subject.id)
        )
    # 3 Hand out
    return OpenedObjection(found, claim, open_answer(desk, objection, answer), entry)
