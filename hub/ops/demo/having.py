"""Which papers some department has: by the published lists and by what was filed along the way.

It asks nothing of what decides cases, so that it can judge what was decided.
"""

from collections.abc import Collection

from hub.cases.finding import material_dataset
from hub.ops.demo.counter import Matter, Paper, Told

OWN = 10
"""来源渠道 申请人自备: the applicant's own paper. All others somebody has issued."""


def had(case: Told, matter: Matter, filed: Collection[tuple[str, str]]) -> list[str]:
    """The papers that a case asks of the applicant though a department has issued or filed them.

    ``filed`` holds the type and the holder of each paper on file.
    """
    return [
        paper.type
        for paper in case.papers("must_bring", "may_follow")
        if _issued(paper) or _on_file(paper, matter, filed)
    ]


def _issued(paper: Paper) -> bool:
    return any(piece.source != OWN for piece in paper.pieces)


def _on_file(paper: Paper, matter: Matter, filed: Collection[tuple[str, str]]) -> bool:
    party = matter.parties.get(paper.of)
    return party is not None and (material_dataset(paper.type), party[1]) in filed
