"""What becomes of a file: through the connector's sources, and the hub's own check of its rows."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from catalog.definition import bundled
from connectors.sources.intake import Intake
from connectors.sources.mapping import match_columns
from connectors.sources.opening import open_source
from connectors.sources.rejected import Rejection, told
from hub.publish.checker import Checker
from hub.publish.reasons import REASONS

CHUNK = 65536


@dataclass(frozen=True)
class Taken:
    """Counts of a file: ``rejected`` by the reason that is told first, ``places`` as told."""

    rows: int
    accepted: int
    identical: int
    rejected: dict[str, int]
    normalised: dict[str, dict[str, int]]
    met: dict[str, int | str]
    places: dict[str, list[int]]


def take(path: Path, dataset: str, sheet: str | None = None) -> Taken:
    """Take a file in; raises what the connector would tell."""
    definition = bundled()[dataset]
    source = open_source(path, definition, {}, sheet)
    mapping = match_columns(source.columns, definition, {})
    intake = Intake(source, mapping)
    checker = Checker(definition, mapping.items)
    try:
        found: list[Rejection] = []
        for chunk in intake.chunks(CHUNK):
            batch = checker.check([chunk.data])
            found += [
                Rejection(one.row, problem.item, REASONS[problem.reason])
                for one in batch.rejections
                for problem in one.problems[:1]
            ]
        doubles = checker.doubles()
        found += [Rejection(one.row, "", "conflicting") for one in doubles.conflicting]
        tally = checker.tally
    finally:
        checker.close()
    normalised: dict[str, dict[str, int]] = {}
    for (item, kind), count in sorted(intake.normalised.items()):
        normalised.setdefault(item, {})[kind] = count
    places: dict[str, list[int]] = {}
    for item, why in sorted(intake.remarked):
        places[why] = sorted([*places.get(why, []), *intake.places(item, why)])
    return Taken(
        rows=tally.read,
        accepted=tally.read - tally.identical - tally.rejected.total(),
        identical=tally.identical,
        rejected=dict(Counter(one.reason for one in told(found, intake.remarks))),
        normalised=normalised,
        met=dict(source.met),
        places=places,
    )
