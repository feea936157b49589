"""The order of a dataset's publications: what follows what stands, judged by numbers alone.

A change set carries the next number. A snapshot may carry the number of the last change set that it
holds. So what is sent twice, out of order, or over an overlapping snapshot has one outcome only. It
is judged when a publication begins, and again under the lock that makes it live.
"""

from certs.sealing import SEAL_LIMIT
from hub.publish.errors import OutOfOrder
from hub.publish.operations import CHANGES
from hub.storage.tables import DatasetRow, GenerationRow

IN_FULL_FIRST = "publish-in-full-first"
"""The generation is of before changes, or its key has sealed as much as it may."""


def require_new(mode: str, sequence: int | None, stands: int) -> None:
    """Raise ``OutOfOrder`` for what is in the data already, whatever else is under way."""
    if sequence is None:
        return
    if mode == CHANGES and sequence <= stands:
        raise OutOfOrder(why="changes-applied", sequence=stands)
    if mode != CHANGES and sequence < stands:
        raise OutOfOrder(why="snapshot-older", sequence=stands)


def require_next(mode: str, sequence: int | None, stands: int) -> None:
    """Raise ``OutOfOrder`` unless this number may stand next."""
    require_new(mode, sequence, stands)
    if mode == CHANGES and sequence != stands + 1:
        raise OutOfOrder(why="changes-missing", expected=stands + 1)


def number_of(mode: str, sequence: int | None, stands: int) -> int | None:
    """The number that a publication bears from its beginning on."""
    return stands + 1 if mode == CHANGES and sequence is None else sequence


def require_changeable(dataset: DatasetRow, standing: GenerationRow | None) -> GenerationRow:
    """What changes can be made to; raises ``OutOfOrder`` if there is nothing."""
    if dataset.generation is None or standing is None:
        raise OutOfOrder(why="no-generation")
    if not standing.keyed:
        raise OutOfOrder(why=IN_FULL_FIRST)
    require_seals(standing, 1)
    return standing


def require_seals(generation: GenerationRow, seals: int) -> None:
    """Raise ``OutOfOrder`` if its key may not make so many more."""
    if generation.seals + seals > SEAL_LIMIT:
        raise OutOfOrder(why=IN_FULL_FIRST)
