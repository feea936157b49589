"""What the entries of a signed request must tell, rebuilt from the request alone."""

from collections.abc import Mapping
from typing import NamedTuple

from certs.canonical import Json
from connectors.batch.question import persons_of
from connectors.batch.verify import ENTRY_KIND
from connectors.errors import EvidenceBroken
from connectors.question import Asking
from connectors.verify import NOBODY

SEVERAL: frozenset[Asking] = frozenset({"batch", "joint"})
"""What may have several entries: an evidence file lists them all."""


class Story(NamedTuple):
    """What one entry must tell: its kind, the local dataset, the purpose, and its *person* part."""

    kind: str
    dataset: str
    purpose: str
    person: Json


def path_of(operation: str, dataset: str) -> str:
    """Where a request is sent; raises ``EvidenceBroken`` if parts have a dataset named for all."""
    if operation != "joint":
        return f"/v1/datasets/{dataset}/{operation}"
    if dataset:
        raise EvidenceBroken(why="dataset")
    return "/v1/joint"


def stories_of(operation: str, dataset: str, asked: Json) -> list[Story]:
    """What each entry must tell, in their order; raises ``EvidenceBroken``."""
    if not isinstance(asked, dict):
        raise EvidenceBroken(why="question")
    if operation == "joint":
        return _of_parts(asked)
    purpose = _text(asked, "purpose")
    if operation == "batch":
        return [Story(ENTRY_KIND, dataset, purpose, one) for one in persons_of(asked)]
    return [Story(operation, dataset, purpose, {part: asked.get(part) for part in NOBODY})]


def _of_parts(asked: Mapping[str, Json]) -> list[Story]:
    parts = asked.get("parts")
    if not isinstance(parts, list):
        raise EvidenceBroken(why="question")
    stories: list[Story] = []
    for part in parts:
        if not isinstance(part, dict):
            raise EvidenceBroken(why="question")
        person: Json = {
            "case": part.get("case"),
            "officer": asked.get("officer"),
            "subject": part.get("subject"),
        }
        kind, dataset, purpose = (_text(part, n) for n in ("operation", "dataset", "purpose"))
        stories.append(Story(kind, dataset, purpose, person))
    return stories


def _text(members: Mapping[str, Json], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise EvidenceBroken(why="question")
    return value
