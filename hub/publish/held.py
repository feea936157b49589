"""What a steward decides about a publication of the own department."""

from sqlmodel import Session

from hub.errors import Forbidden
from hub.ledger.change import Actor, Changes
from hub.publish import flip
from hub.settings import Settings
from hub.storage.tables import DatasetRow


def release(changes: Changes, settings: Settings, publication: str, actor: Actor) -> flip.Flipped:
    """Let a held publication go live.

    Raises ``Forbidden`` for another department's, ``Conflict`` if it is not held.
    """
    with changes.change(actor) as change:
        department = _require_own(change.session, publication, actor)
        flip.publication_in(change.session, publication, {"held"})
        return flip.go_live(change, settings, publication, released_by=settings.full(department))


def discard(changes: Changes, settings: Settings, publication: str, actor: Actor) -> str | None:
    """Give up a publication that is not live; gives the generation to delete, if there is one.

    Raises ``Forbidden`` for another department's, ``Conflict`` if it has ended.
    """
    with changes.change(actor, moves_epoch=False) as change:
        _require_own(change.session, publication, actor)
        row = flip.publication_in(change.session, publication, flip.RUNNING)
        dataset = settings.full(row.dataset)
        generation = flip.give_up(change, publication, "discarded")
        change.append(
            "publication",
            {"dataset": dataset, "publication": publication, "state": "discarded"},
        )
        return generation


def _require_own(session: Session, publication: str, actor: Actor) -> str:
    """The department of the publication's dataset; raises ``Forbidden`` unless it is the actor's.

    Whether the person is a steward is checked where people come in (``hub/people/permissions``).
    """
    row = flip.publication_in(session, publication)
    dataset = session.get(DatasetRow, row.dataset)
    if dataset is None or actor.account is None or actor.department != dataset.department:
        raise Forbidden(what="publication")
    return dataset.department
