"""What the entries of a signed request must tell, rebuilt from the request alone."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from certs.canonical import Json
from connectors.batch.question import persons_of
from connectors.batch.verify import ENTRY_KIND
from connectors.cases.evidence import case_path, case_stories
from connectors.errors import EvidenceBroken
from connectors.feed.question import persons_told
from connectors.question import Asking
from connectors.verify import NOBODY

SEVERAL: frozenset[Asking] = frozenset({"batch", "feed", "joint", "case"})
"""What may have several entries: an evidence file lists them all."""
NAMED: frozenset[Asking] = frozenset({"batch", "joint", "case"})
"""Where each entry is about somebody who is named, so that none may name nobody."""


class Story(NamedTuple):
    """What one entry must tell: its kind, the local dataset, the purpose, and its *person* part.

    ``delegation`` is the one under which it was asked, None where it was asked under none.
    """

    kind: str
    dataset: str
    purpose: str
    person: Json
    delegation: str | None


def path_of(operation: str, dataset: str) -> str:
    """Where a request is sent; raises ``EvidenceBroken`` if parts have a dataset named for all."""
    if operation == "case":
        return case_path(dataset)
    if operation != "joint":
        return f"/v1/datasets/{dataset}/{operation}"
    if dataset:
        raise EvidenceBroken(why="dataset")
    return "/v1/joint"


def stories_of(operation: str, dataset: str, asked: Json, openings: Sequence[Json]) -> list[Story]:
    """What each entry must tell, in their order; raises ``EvidenceBroken``.

    Whom a change of a feed was about stands beside its opening: the question did not name them.
    """
    if not isinstance(asked, dict):
        raise EvidenceBroken(why="question")
    if operation == "joint":
        return _of_parts(asked)
    if operation == "case":
        return [Story(*one) for one in case_stories(dataset, asked, openings)]
    purpose = _text(asked, "purpose")
    delegation = _delegation(asked)
    if operation == "feed":
        return [Story("feed", dataset, purpose, one, None) for one in persons_told(asked, openings)]
    if operation == "batch":
        return [Story(ENTRY_KIND, dataset, purpose, one, delegation) for one in persons_of(asked)]
    person: Json = {part: asked.get(part) for part in NOBODY}
    return [Story(operation, dataset, purpose, person, delegation)]


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
        stories.append(Story(kind, dataset, purpose, person, _delegation(part)))
    return stories


def _delegation(members: Mapping[str, Json]) -> str | None:
    return _text(members, "delegation") if "delegation" in members else None


def _text(members: Mapping[str, Json], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise EvidenceBroken(why="question")
    return value
