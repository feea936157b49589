"""What was built: counts, and whom a demonstration can tell a story about."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody to ask about: ``kind`` and ``id`` as in a question's subject, and the name."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CitySummary:
    """A built city.

    ``files`` and ``rows`` by dataset. ``samples`` by role, the first found of each; a very small
    city may lack some: ``owner`` (a parent with a home), ``owners_spouse`` (co-owner of that
    home), ``owners_child``, ``newborn`` (under a year),
    ``deceased``, ``material_holder``, ``legal_representative`` and the enterprise ``led``;
    ``approved`` (two approvals), ``penalised``, ``red_listed``, ``black_listed``; ``founder``, who
    lives alone and may open a business; ``mother`` and ``father``, a couple without children.
    """

    folder: Path
    seed: int
    residents: int
    households: int
    enterprises: int
    files: Mapping[str, Path]
    rows: Mapping[str, int]
    samples: Mapping[str, Sample]
