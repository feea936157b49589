"""The check of identifiers in SQL: the same verdicts as ``catalog.identifiers``, kind by kind.

``prefix`` makes the columns of a kind its own, because a value may be checked as several.
"""

from collections.abc import Callable, Mapping

from catalog.identifiers import PLAIN, PLAIN_LIMIT, licence, organisation, resident, uscc
from hub.publish.fragments import cases, contains, identifier, literal, matches, members, weighted
from hub.publish.reasons import CHECK_DIGIT, INVALID, VALID, refusal, warning
from hub.publish.rule import Rule

_DIGITS = "0123456789"
_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FORM = refusal("form")
_RESIDENT_FORM = "[0-9]{17}[0-9X]"
_PLAIN_CONTROL = r"[\x00-\x1f\x7f]"
# What a plain key may be so that nothing has to be looked at twice: printable ASCII, no blanks.
_PLAIN_QUICK = f"[!-~]{{1,{PLAIN_LIMIT}}}"


def _resident_number(column: str) -> str:
    # Seventeen digits fit into 64 bits, and division is cheaper than cutting characters out.
    return f"TRY_CAST(substr({column}, 1, 17) AS BIGINT)"


def _resident_check(number: str) -> str:
    total = " + ".join(
        f"(({number} // {10 ** (16 - at)}) % 10) * {weight}"
        for at, weight in enumerate(resident.WEIGHTS)
    )
    return f"substr({literal(resident.CHARACTERS)}, CAST(({total}) % 11 AS INTEGER) + 1, 1)"


def _resident_reason(column: str, number: str) -> str:
    born = f"{column}[7:10] || '-' || {column}[11:12] || '-' || {column}[13:14]"
    foreign = f"{column}[1:1] = {literal(resident.FOREIGNER)}"
    area = f"{column}[1:2] IN {members(sorted(resident.PROVINCES))}"
    return cases(
        [
            (f"NOT {matches(column, _RESIDENT_FORM)}", _FORM),
            (f"NOT ({foreign} OR {area})", refusal("area")),
            (f"{column}[7:10] < '{resident.EARLIEST_BIRTH_YEAR}'", refusal("birth-date")),
            (f"TRY_CAST({born} AS DATE) IS NULL", refusal("birth-date")),
            (f"{column}[18] <> {_resident_check(number)}", CHECK_DIGIT),
        ],
        VALID,
    )


def _resident(raw: str, trimmed: str, prefix: str) -> Rule:
    normal, old, body, whole, verdict, raw_number, old_number, number = (
        f"{prefix}_{name}"
        for name in (
            "normal", "old", "body", "whole", "verdict", "raw_number", "old_number", "number",
        )
    )  # fmt: skip
    completed = f"{body} || {_resident_check(old_number)}"
    return Rule(
        before={raw_number: _resident_number(raw)},
        quick=f"CASE WHEN {_resident_reason(raw, raw_number)} = {VALID} THEN {raw} END",
        steps=(
            {normal: identifier(trimmed)},
            {
                old: matches(normal, "[0-9]{15}"),
                body: f"{normal}[1:6] || '{resident.CENTURY}' || {normal}[7:15]",
            },
            {old_number: _resident_number(body)},
            {whole: f"CASE WHEN {old} THEN {completed} ELSE {normal} END"},
            {number: _resident_number(whole)},
            {verdict: _resident_reason(whole, number)},
        ),
        reason=cases(
            [(f"{verdict} <> {VALID}", verdict), (old, warning("first-generation"))], VALID
        ),
        value=whole,
    )


def _uscc_reason(column: str) -> str:
    total = weighted(column, uscc.WEIGHTS, uscc.ALPHABET)
    right = f"substr({literal(uscc.ALPHABET)}, (31 - {total} % 31) % 31 + 1, 1)"
    return cases(
        [
            (f"NOT {matches(column, uscc.PATTERN)}", _FORM),
            (f"{column}[18] <> {right}", warning("check-digit")),
            (f"{column}[1] NOT IN {members(sorted(uscc.DEPARTMENTS))}", warning("department")),
        ],
        VALID,
    )


def _uscc(raw: str, trimmed: str, prefix: str) -> Rule:
    normal = f"{prefix}_normal"
    return Rule(
        before={},
        quick=f"CASE WHEN {_uscc_reason(raw)} = {VALID} THEN {raw} END",
        steps=({normal: identifier(trimmed)},),
        reason=_uscc_reason(normal),
        value=normal,
    )


def _organisation_reason(column: str) -> str:
    total = weighted(column, organisation.WEIGHTS, _BASE_36)
    right = f"substr({literal(organisation.CHARACTERS)}, (11 - {total} % 11) % 11 + 1, 1)"
    return cases(
        [
            (f"NOT {matches(column, '[0-9A-Z]{8}[0-9X]')}", _FORM),
            (f"{column}[9] <> {right}", warning("check-digit")),
        ],
        VALID,
    )


def _organisation(raw: str, trimmed: str, prefix: str) -> Rule:
    normal, bare = f"{prefix}_normal", f"{prefix}_bare"
    hyphen = matches(normal, "[0-9A-Z]{8}-[0-9X]")
    return Rule(
        before={},
        quick=f"CASE WHEN {_organisation_reason(raw)} = {VALID} THEN {raw} END",
        steps=(
            {normal: identifier(trimmed)},
            {bare: f"CASE WHEN {hyphen} THEN {normal}[1:8] || {normal}[10] ELSE {normal} END"},
        ),
        reason=_organisation_reason(bare),
        value=bare,
    )


_LICENCE_FORM = (
    rf"{uscc.PATTERN}[0-9A-Z]{{3}}\.{uscc.PATTERN}\.[0-9A-Z]{{1,{licence.SERIAL_LIMIT}}}"
    r"\.[0-9A-Z]{3}\.[0-9A-Z]"
)


def _licence_reason(column: str) -> str:
    # ISO 7064 MOD 37,36: over all characters with the check character last, the sum that is left
    # before the last doubling is 1. ``column`` has no root; the dots go.
    parts = f"string_split(replace({column}, '.', ''), '')"
    numbers = f"list_transform({parts}, lambda one: strpos('{_BASE_36}', one) - 1)"
    doubled = "(coalesce(nullif((left_over + one) % 36, 0), 36) * 2) % 37"
    final = f"list_reduce(list_prepend(36, {numbers}), lambda left_over, one: {doubled})"
    return cases(
        # A sum of 1, doubled, is 2.
        [
            (f"NOT {matches(column, _LICENCE_FORM)}", _FORM),
            (f"{final} <> 2", warning("check-digit")),
        ],
        VALID,
    )


def _licence(raw: str, trimmed: str, prefix: str) -> Rule:
    normal, bare = f"{prefix}_normal", f"{prefix}_bare"
    root = literal(licence.ROOT)
    after = len(licence.ROOT) + 1
    rest = f"substr({raw}, {after})"
    return Rule(
        before={},
        quick=f"CASE WHEN starts_with({raw}, {root}) AND {_licence_reason(rest)} = {VALID}"
        f" THEN {raw} END",
        steps=(
            {normal: identifier(trimmed)},
            {
                bare: f"CASE WHEN starts_with({normal}, {root}) THEN substr({normal}, {after})"
                f" ELSE {normal} END"
            },
        ),
        reason=_licence_reason(bare),
        value=f"{root} || {bare}",
    )


def _plain(raw: str, trimmed: str, _: str) -> Rule:
    bad = f"length({trimmed}) > {PLAIN_LIMIT} OR {contains(trimmed, _PLAIN_CONTROL)}"
    return Rule(
        before={},
        quick=f"CASE WHEN {matches(raw, _PLAIN_QUICK)} THEN {raw} END",
        steps=(),
        reason=cases([(bad, _FORM)], VALID),
        value=trimmed,
    )


_KINDS: Mapping[str, Callable[[str, str, str], Rule]] = {
    resident.KIND: _resident,
    uscc.KIND: _uscc,
    organisation.KIND: _organisation,
    licence.KIND: _licence,
    PLAIN: _plain,
}


def identifier_rule(kinds: tuple[str, ...], raw: str, trimmed: str, prefix: str) -> Rule:
    """The check of an identifier that may be of several kinds: ``catalog.identifiers.check_any``.

    Only the first kind is tried quickly: a value that a later one takes might also be a valid one
    of the first after normalisation.
    """
    rules = [_KINDS[kind](raw, trimmed, f"{prefix}_{at}") for at, kind in enumerate(kinds)]
    if len(rules) == 1:
        return rules[0]
    reasons = [f"{prefix}_{at}_reason" for at in range(len(rules))]
    chosen = f"{prefix}_chosen"
    choice = cases(
        [(f"{reason} = {VALID}", at) for at, reason in enumerate(reasons)]
        + [(f"{reason} = {CHECK_DIGIT}", at) for at, reason in enumerate(reasons)]
        + [(f"{reason} < {INVALID}", at) for at, reason in enumerate(reasons)],
        0,
    )
    depth = max(len(rule.steps) for rule in rules)
    steps = tuple(
        {
            name: sql
            for rule in rules
            if at < len(rule.steps)
            for name, sql in rule.steps[at].items()
        }
        for at in range(depth)
    )
    verdicts = {reason: rule.reason for reason, rule in zip(reasons, rules, strict=True)}
    return Rule(
        before=rules[0].before,
        quick=rules[0].quick,
        steps=(*steps, verdicts, {chosen: choice}),
        reason=cases([(f"{chosen} = {at}", reason) for at, reason in enumerate(reasons)], VALID),
        value=cases([(f"{chosen} = {at}", rule.value) for at, rule in enumerate(rules)], "''"),
    )
