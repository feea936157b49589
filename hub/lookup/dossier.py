"""A dossier 一人一档, 一企一档: the questions that a department's grants allow of one subject."""

from collections.abc import Iterable, Iterator, Mapping

from catalog.definition import FAMILIES, Dataset
from certs.canonical import Json
from hub.access.grant import AskChannel, Grant
from hub.lookup.ask import Question, question_of


def dossier_questions(
    grants: Iterable[Grant],
    definitions: Mapping[str, Dataset],
    members: Mapping[str, Json],
    *,
    kind: str,
    channel: AskChannel,
    now: int,
) -> list[Question]:
    """One lookup for each dataset that has subjects of this kind, in the order of the families.

    Each under the grant that has most items; ``members`` is what the questions have in common:
    case, officer, purpose, request_id and subject. There may be more than one request can ask
    (``MOST_PARTS``). Raises ``QuestionMalformed``.
    """
    best: dict[str, Grant] = {}
    for grant in _covering(grants, str(members["purpose"]), channel, now):
        definition = definitions.get(grant.dataset)
        if definition is not None and kind in definition.subject.kinds:
            before = best.get(grant.dataset)
            if before is None or len(grant.items) > len(before.items):
                best[grant.dataset] = grant
    found = sorted(
        best.values(),
        key=lambda grant: (FAMILIES.index(definitions[grant.dataset].family), grant.dataset),
    )
    return [_question(grant, definitions[grant.dataset], members) for grant in found]


def _covering(
    grants: Iterable[Grant], purpose: str, channel: AskChannel, now: int
) -> Iterator[Grant]:
    for grant in grants:
        covers = "lookup" in grant.operations and channel in grant.channels
        if grant.stands(now) and covers and purpose in grant.purposes:
            yield grant


def _question(grant: Grant, definition: Dataset, members: Mapping[str, Json]) -> Question:
    items: list[Json] = [item.code for item in definition.items if item.code in grant.items]
    return question_of({**members, "items": items}, "lookup", grant.dataset)
