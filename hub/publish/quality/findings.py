"""Everything that stands out in a publication, gravest first."""

from collections.abc import Iterator, Mapping, Sequence

from catalog.definition import Dataset
from catalog.finding import SEVERITIES, Finding
from catalog.quality import Exists, MaxEmpty, MaxUnlisted, NotBefore, RequiredIf, RowRule, Unique
from hub.publish.operations import FULL
from hub.publish.quality.compare import outliers, share
from hub.publish.quality.profile import Profile

MOST = 100
"""Findings that are kept of a publication; a definition with 500 items could have thousands."""

Unasked = Mapping[str, tuple[str, str]]
"""By the code of a rule that was not checked, the dataset and the reason."""


def findings(
    dataset: Dataset,
    profile: Profile,
    before: Profile | None,
    broken: Mapping[str, int],
    unasked: Unasked,
) -> tuple[Finding, ...]:
    """All findings: of shares, of rules, and against the last live publication."""
    found: list[Finding] = [
        *_shares(dataset, profile),
        *_rules(dataset, profile, broken, unasked),
        *outliers(dataset, profile, before),
    ]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return tuple(found[:MOST])


def why_held(found: Sequence[Finding]) -> tuple[str, ...]:
    """Reasons of the findings that hold a publication, each once."""
    return tuple(dict.fromkeys(one.kind for one in found if one.severity == "hold"))


def _shares(dataset: Dataset, profile: Profile) -> Iterator[Finding]:
    """Shares speak of a whole dataset: those of a change set hold nothing."""
    if profile.mode != FULL:
        return
    for rule in dataset.rules:
        item = profile.items[rule.item]
        if isinstance(rule, MaxEmpty):
            kind, part = "empty-share", item.empty
        elif isinstance(rule, MaxUnlisted):
            kind, part = "unlisted-share", item.unlisted or 0
        else:
            continue
        if part * 100 > profile.rows * rule.percent:
            yield Finding(
                kind=kind,
                severity="hold",
                item=rule.item,
                rule=rule.code,
                facts={"now": share(part, profile.rows), "limit": rule.percent * 100},
            )


def _rules(
    dataset: Dataset, profile: Profile, broken: Mapping[str, int], unasked: Unasked
) -> Iterator[Finding]:
    for rule in dataset.rules:
        if isinstance(rule, MaxEmpty | MaxUnlisted):
            continue
        missing = unasked.get(rule.code)
        if isinstance(rule, Unique) and profile.mode != FULL:
            missing = (dataset.code, "changes")
        if missing is not None:
            yield Finding(
                kind="not-checked",
                severity="info",
                item=rule.item,
                rule=rule.code,
                facts={"dataset": missing[0], "why": missing[1]},
            )
        elif broken.get(rule.code):
            yield Finding(
                kind=f"rule-{rule.kind}",
                severity="warn",
                item=rule.item,
                rule=rule.code,
                facts=_facts(rule, broken[rule.code]),
            )


def _facts(rule: RowRule, rows: int) -> dict[str, int | str]:
    facts: dict[str, int | str] = {
        "rows": rows,
        "fate": "rejected" if rule.severity == "reject" else "standing",
    }
    if isinstance(rule, NotBefore):
        facts["other"] = rule.than
    elif isinstance(rule, RequiredIf):
        facts["other"] = rule.when
    elif isinstance(rule, Exists):
        facts["dataset"] = ", ".join(rule.datasets)
    return facts
