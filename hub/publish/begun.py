"""Publications that have been begun: found again by their token, or in the way of another one."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session, col, select

from catalog.definition import Dataset
from hub.errors import Conflict, Unprocessable
from hub.ledger.change import Change
from hub.publish import flip
from hub.publish.staging import touched
from hub.storage.folder import Folder
from hub.storage.tables import DatasetRow, GenerationRow, PublicationRow

SILENT_AFTER = 10 * 60 * 1000
"""Milliseconds without a chunk after which an unfinished upload makes room for a new one."""


class Begun(NamedTuple):
    """What a connector is told of a publication; ``new`` unless it was begun before.

    A chunk may have ``chunk_bytes`` at most.
    """

    publication: str
    chunk_bytes: int
    state: str
    sequence: int | None
    new: bool


def begun_before(
    session: Session, connector: str, dataset: str, token: str | None
) -> PublicationRow | None:
    """What this connector has begun of the dataset under this token."""
    if token is None:
        return None
    statement = select(PublicationRow).where(
        PublicationRow.connector == connector,
        PublicationRow.dataset == dataset,
        PublicationRow.token == token,
    )
    return session.exec(statement).first()


def require_same(
    row: PublicationRow, columns: Sequence[str], mode: str, sequence: int | None
) -> None:
    """Raise ``Conflict`` if under this token something else was begun."""
    same = (row.columns, row.mode) == (" ".join(columns), mode)
    if not same or sequence not in {None, row.sequence}:
        raise Conflict(why="token-used")


def make_room(
    change: Change, folder: Folder, dataset: str, connector: str
) -> list[tuple[str, str | None]]:
    """Give up uploads of the dataset that are silent; gives their ids and generations.

    Raises ``Conflict`` while another publication is running; which, is told to who began it.
    """
    statement = select(PublicationRow).where(
        PublicationRow.dataset == dataset, col(PublicationRow.state).in_(flip.RUNNING)
    )
    silent: list[tuple[str, str | None]] = []
    for other in change.session.exec(statement).all():
        silence = change.time - max(touched(folder.staging / other.id), other.created)
        if other.state != "receiving" or silence < SILENT_AFTER:
            own = {"publication": other.id} if other.connector == connector else {}
            raise Conflict(why=f"publication-{other.state}", **own)
        silent.append((other.id, flip.give_up(change, other.id, "discarded")))
    return silent


def standing_of(session: Session, dataset: DatasetRow) -> GenerationRow | None:
    """The generation that is live."""
    return session.get(GenerationRow, dataset.generation) if dataset.generation else None


def require_columns(dataset: Dataset, columns: Sequence[str]) -> None:
    """Raise ``Unprocessable`` unless every column is an item and every required item a column."""
    if len(set(columns)) != len(columns):
        raise Unprocessable(why="column-twice")
    if not set(columns) <= dataset.by_code.keys():
        raise Unprocessable(why="column-unknown")
    missing = [item.code for item in dataset.items if item.required and item.code not in columns]
    if missing:
        raise Unprocessable(why="column-missing", item=missing[0])
