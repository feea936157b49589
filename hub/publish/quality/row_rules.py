"""The rules that one row by itself keeps or breaks, in SQL.

They read the values as they are sealed. Of a row that is rejected for one of its items they mean
nothing, and are not asked.
"""

from collections.abc import Mapping

from catalog.definition import Dataset
from catalog.quality import (
    TODAY,
    VALUE_RULES,
    InRange,
    NotBefore,
    RequiredIf,
    RowRule,
    SumOf,
    ValueRule,
)
from hub.publish.fragments import literal, members
from hub.publish.reasons import VALID, refusal, warning

_NUMBER = "DECIMAL(38, 10)"
"""What 18 digits before and 10 after the point fit into, sums of twenty such too."""


def value_rules(dataset: Dataset) -> tuple[ValueRule, ...]:
    """The rules of this kind, in the definition's order."""
    return tuple(rule for rule in dataset.rules if isinstance(rule, VALUE_RULES))


def reason_of(rule: RowRule) -> int:
    """The number of ``reasons`` with which a row breaks a rule."""
    slug = f"rule-{rule.kind}"
    return refusal(slug) if rule.severity == "reject" else warning(slug)


def rule_reasons(dataset: Dataset, values: Mapping[str, str], today: str) -> list[str]:
    """For each of ``value_rules`` the reason of a row, in SQL; ``values`` are columns by item."""
    return [
        f"CASE WHEN {_broken(rule, dataset, values, today)} THEN {reason_of(rule)} ELSE {VALID} END"
        for rule in value_rules(dataset)
    ]


def _broken(rule: ValueRule, dataset: Dataset, values: Mapping[str, str], today: str) -> str:
    value = values[rule.item]
    match rule:
        case RequiredIf(when=when, values=wanted):
            demands = f"{values[when]} IN {members(wanted)}" if wanted else f"{values[when]} <> ''"
            return f"{value} = '' AND {demands}"
        case NotBefore(than=than):
            # Both are YYYY-MM-DD, which are in order as texts.
            return f"{value} <> '' AND {values[than]} <> '' AND {value} < {values[than]}"
        case InRange():
            return _outside(rule, value, today, dates=dataset.by_code[rule.item].type == "date")
        case SumOf():
            summands = " + ".join(f"coalesce({_number(values[code])}, 0)" for code in rule.of)
            tolerance = f"CAST({literal(rule.tolerance)} AS {_NUMBER})"
            return f"{value} <> '' AND abs({_number(value)} - ({summands})) > {tolerance}"


def _outside(rule: InRange, value: str, today: str, *, dates: bool) -> str:
    given = [(sign, bound) for sign, bound in (("<", rule.min), (">", rule.max)) if bound]
    if dates:
        bounds = [(sign, literal(today if bound == TODAY else bound)) for sign, bound in given]
        compared = value
    else:
        bounds = [(sign, f"CAST({literal(bound)} AS {_NUMBER})") for sign, bound in given]
        compared = _number(value)
    beyond = " OR ".join(f"{compared} {sign} {bound}" for sign, bound in bounds)
    return f"{value} <> '' AND ({beyond})"


def _number(value: str) -> str:
    return f"TRY_CAST({value} AS {_NUMBER})"
