"""What the entries of a case's round must tell, rebuilt from the signed request as far as it goes.

Which datasets were asked rules have chosen, so the entries tell it themselves. An opening's request
names the parties, the case's number, the officer and the purpose; an act's only the officer: whom
and which case its entries name then stands beside them, and each must be made of that.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from certs.canonical import Json
from connectors.errors import EvidenceBroken

_ACT = re.compile(r"C-[0-9a-f]{16}/(?:supplement|review|conclude)\Z", re.ASCII)
_KINDS = frozenset({"lookup", "verify"})


def case_path(target: str) -> str:
    """Where a request that had a case decided was sent; raises ``EvidenceBroken`` for no such."""
    if target and not _ACT.match(target):
        raise EvidenceBroken(why="dataset")
    return f"/v1/cases/{target}" if target else "/v1/cases"


def case_stories(
    target: str, asked: Mapping[str, Json], openings: Sequence[Json]
) -> Iterator[tuple[str, str, str, Json, str | None]]:
    """Kind, local dataset, purpose, *person* part and delegation of each entry, in their order.

    Raises ``EvidenceBroken`` for one that the request cannot stand for.
    """
    for one in openings:
        opening = one if isinstance(one, dict) else {}
        leaf, control = (opening.get(name) for name in ("leaf", "control"))
        if not isinstance(leaf, dict) or not isinstance(control, dict):
            raise EvidenceBroken(why="form")
        kind, case, subject = leaf.get("kind"), opening.get("case"), opening.get("subject")
        purpose = control.get("purpose")
        if not target:
            # The opening itself says which case, for what, and about whom at all.
            parties = asked.get("parties")
            named = list(parties.values()) if isinstance(parties, dict) else []
            if subject is None or subject not in named or case != asked.get("case"):
                raise EvidenceBroken(why="subjects")
            purpose = asked.get("purpose")
        if kind not in _KINDS:
            raise EvidenceBroken(why="kind")
        dataset, delegation = control.get("dataset"), control.get("delegation")
        person: Json = {"case": case, "officer": asked.get("officer"), "subject": subject}
        named_by = None if delegation is None else _local(delegation)
        yield str(kind), _local(dataset), str(purpose), person, named_by


def _local(full: Json) -> str:
    """The name of something of a hub without the hub's."""
    return str(full).rpartition(":")[2]
