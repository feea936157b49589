"""What is told of a case: the notice 一单, the form 一表, and what they rest on.

Openings of rounds are made again from the entries, so that nothing outlives an erasure there: a
round whose entries have lost their *person* part is told without them.
"""

from collections.abc import Mapping, Sequence

from certs.canonical import Json, parse
from certs.leaf import SALT_BYTES, read_leaf
from hub.cases.deciding import Fallen
from hub.cases.desk import Desk
from hub.cases.opening import Opened
from hub.cases.state import CaseState, MaterialIn
from hub.lookup.receipt import opening

_LARGEST = 1 << 20
_DEPTH = 12


def answer_of(desk: Desk, opened: Opened, asker: str) -> dict[str, Json]:
    """A case for one of its department; rounds only for whom their receipts were signed."""
    state, content = opened.state, opened.content
    notice = dict(content.notice) if isinstance(content.notice, dict) else {}
    form = notice.pop("form", [])
    rounds: list[Json] = []
    if asker == content.asker:
        rounds = [_round(desk, one) for one in opened.rounds]
    return {
        **summary(state),
        "entry": opened.position,
        "form": form,
        "notice": notice,
        "rounds": rounds,
    }


def summary(state: CaseState) -> dict[str, Json]:
    """What the state tells, which is nothing of anybody."""
    materials: list[Json] = [one.model_dump(mode="json") for one in state.materials]
    commitments: list[Json] = [one.model_dump(mode="json") for one in state.commitments]
    services: list[Json] = [one.model_dump(mode="json") for one in state.services]
    return {
        "case": state.id,
        "commitments": commitments,
        "day": state.day,
        "department": state.department,
        "materials": materials,
        "opened": state.opened,
        "result": state.result,
        "services": services,
        "status": state.status,
        "version": state.version,
    }


def concluded(fallen: Sequence[Fallen], lacking: Sequence[MaterialIn]) -> dict[str, Json]:
    """Why a case is not accepted; both empty if it is."""
    missing: list[Json] = [
        {"material": one.material, "reason": one.reason, "service": one.service} for one in lacking
    ]
    return {"fallen": [one.told() for one in fallen], "lacking": missing}


def _round(desk: Desk, kept: Mapping[str, Json]) -> dict[str, Json]:
    if "openings" in kept:
        return dict(kept)
    first, count = kept["first"], kept["count"]
    rows = desk.reading.execute(
        "SELECT leaf, control, salts, person, person_key FROM entries"
        " WHERE position >= ?1 AND position < ?1 + ?2 ORDER BY position",
        (first, count),
    ).fetchall()
    if any(person is None for *_, person, _ in rows):
        return {**kept, "openings": None}
    openings: list[Json] = []
    for leaf, control, salts, person, number in rows:
        salt, _ = desk.persons.open(person, number, read_leaf(leaf).person)
        told = opening(control, salts[:SALT_BYTES], leaf, salt)
        openings.append(parse(told, max_bytes=_LARGEST, max_depth=_DEPTH))
    return {**kept, "openings": openings}
