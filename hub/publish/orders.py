"""What a job tells the process that seals, and what it hears from it."""

from dataclasses import dataclass

from hub.storage.generation import FIRST_VERSION


@dataclass(frozen=True, slots=True)
class Order:
    """What to write where. ``subject`` and ``row_key`` are places among the dataset's items.

    Above the first ``version`` it is a change set to what stands: so many ``rows``, of ``digest``.
    """

    path: str
    dataset: str
    generation: str
    subject: int
    row_key: tuple[int, ...]
    version: int = FIRST_VERSION
    rows: int = 0
    digest: str = ""

    @property
    def is_change(self) -> bool:
        """Whether rows are changed, and not all of them written."""
        return self.version > FIRST_VERSION


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change set does, by row key; the last row of each has decided.

    ``inserted`` are those of the ``upserted`` that did not stand, ``absent`` the deletes of what
    did not. ``superseded`` rows were followed by another of their key in the same set.
    """

    upserted: int
    inserted: int
    deleted: int
    absent: int
    superseded: int


@dataclass(frozen=True, slots=True)
class Written:
    """What stands once it is seen: rows, and the digest of them all (``digest.py``).

    ``taken`` counts the rows that were handed over and not taken out again.
    """

    rows: int
    digest: str
    taken: int
    changed: Changed | None = None
